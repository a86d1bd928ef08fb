import type { ChildExit } from '../platform/child-process.ts'

export interface ExitReason {
  readonly message: string
  readonly hint: string
}

const resume = 'Nothing that was logged is lost. Resume the run: it continues at its last checkpoint.'

/** Native ends in words, with what to do. Windows codes are NTSTATUS values; 128 + n is a signal passed on by a shell. */
const signals: Readonly<Record<string, ExitReason>> = {
  SIGKILL: { message: 'The system ended the engine process (SIGKILL). Most often that means that memory ran out.', hint: `${resume} If it happens again, lower batchSize or close other programs.` },
  SIGSEGV: { message: 'The engine process made an invalid memory access (SIGSEGV), in native code.', hint: `${resume} If it happens again, choose another device in the configuration.` },
  SIGBUS: { message: 'The engine process lost memory that it had mapped (SIGBUS): a full /dev/shm or a failing disk.', hint: `${resume} Check the free space first.` },
  SIGABRT: { message: 'A native library of the engine process gave up (SIGABRT).', hint: `${resume} Its last words are in engine.log of the run folder.` },
  SIGILL: { message: 'The engine process met an instruction that this processor does not have (SIGILL).', hint: 'Choose another device in the configuration, for example cpu.' },
  SIGTERM: { message: 'The engine process was asked to end (SIGTERM) and could not save first.', hint: resume },
}

const windowsCodes: Readonly<Record<number, ExitReason>> = {
  0xc0000005: signals.SIGSEGV!,
  0xc0000017: signals.SIGKILL!,
  0xc00000fd: { message: 'The engine process ran out of stack (0xC00000FD).', hint: resume },
  0xc0000409: signals.SIGABRT!,
  0xc000001d: signals.SIGILL!,
  0xc000013a: signals.SIGTERM!,
}

const signalNumbers: Readonly<Record<number, string>> = { 132: 'SIGILL', 134: 'SIGABRT', 135: 'SIGBUS', 137: 'SIGKILL', 139: 'SIGSEGV', 143: 'SIGTERM' }

/** Why a process ended, in words. `lastWords` is what it printed last. */
export function exitReason(exit: ChildExit, lastWords: readonly string[] = []): ExitReason {
  const code = exit.code === null ? null : exit.code >>> 0
  const known = (exit.signal !== null ? signals[exit.signal] : undefined) ?? (code !== null ? (windowsCodes[code] ?? signals[signalNumbers[code] ?? '']) : undefined)
  const said = lastWords.length > 0 ? ` It said: ${lastWords.slice(-3).join(' / ').slice(0, 500)}` : ''
  if (known) return { message: known.message + said, hint: known.hint }
  if (/out of memory|OOM|std::bad_alloc|CUDA_ERROR_OUT_OF_MEMORY/i.test(lastWords.join('\n'))) {
    return { message: `The engine process ran out of memory.${said}`, hint: `${resume} Lower batchSize first.` }
  }
  const end = exit.signal !== null ? `by ${exit.signal}` : `with code ${code === null ? 'unknown' : code > 255 ? `0x${code.toString(16).toUpperCase()}` : code}`
  return { message: `The engine process ended ${end}.${said}`, hint: resume }
}
