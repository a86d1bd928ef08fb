import { createWriteStream } from 'node:fs'
import { utilityProcess, type UtilityProcess } from 'electron'
import { Emitter } from '../base/event.ts'
import type { ChildExit, SpawnChild } from '../platform/child-process.ts'
import { entryPath } from '../platform/entry.ts'
import { computeFlags, withHugePages } from '../platform/compute-process.ts'
import type { RunEntry } from '../platform/run-entry.ts'

/**
 * Electron's utility process behind the same door as `fork`: it works with the runAsNode fuse off, and ends with the app.
 * Its output is drained into the file at once; the engine itself logs to files, so only native libraries write here.
 */
export const spawnUtility: SpawnChild = (entry, options) => {
  const child = utilityProcess.fork(entryPath(entry), [...options.args], { serviceName: options.name, stdio: ['ignore', 'pipe', 'pipe'], env: withHugePages(), execArgv: [...computeFlags] })
  const output = createWriteStream(options.outputPath, { flags: 'a' })
  // A full disk must not stop the draining: what cannot be written is dropped.
  let isWritable = true
  output.on('error', () => (isWritable = false))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (isWritable && output.writableLength < 1_000_000) output.write(chunk)
    })
  }
  const messages = new Emitter<unknown>()
  const exits = new Emitter<ChildExit>()
  child.on('message', (message: unknown) => messages.fire(message))
  child.on('exit', (code) => {
    // After what it said last is in the file, or at once where the file takes nothing.
    let hasFired = false
    const fire = (): void => {
      if (!hasFired) exits.fire({ code, signal: null })
      hasFired = true
    }
    if (isWritable) output.end(fire)
    output.on('error', fire)
    if (!isWritable) fire()
  })
  return {
    get pid() {
      return child.pid
    },
    send: (message) => {
      if (child.pid !== undefined) child.postMessage(message)
    },
    onMessage: messages.event,
    onExit: exits.event,
    kill: () => endChild(child),
  }
}

/** Runs one of Kinora's programs to its end, for engines that cannot start processes themselves. */
export const runUtility: RunEntry = async (entry, args, { timeoutMs, signal }) => {
  const child = utilityProcess.fork(entryPath(entry), [...args], { serviceName: `Kinora ${entry}`, stdio: ['ignore', 'pipe', 'pipe'], env: withHugePages(), execArgv: [...computeFlags] })
  let stdout = ''
  let stderr = ''
  let isLate = false
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)))
  const timer = setTimeout(() => {
    isLate = true
    endChild(child)
  }, timeoutMs)
  signal?.addEventListener('abort', () => endChild(child), { once: true })
  const code = await new Promise<number>((resolve) => child.once('exit', resolve))
  clearTimeout(timer)
  return { code, signal: null, stdout, stderr, isLate, startError: null }
}

/** On POSIX by a signal to its pid: kill() of a hung utility process can hang its caller. */
function endChild(child: UtilityProcess): void {
  if (child.pid !== undefined && process.platform !== 'win32') process.kill(child.pid, 'SIGKILL')
  else child.kill()
}
