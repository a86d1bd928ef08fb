import { fork } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { Emitter, type Event } from '../base/event.ts'
import { toDisposable, type Disposable } from '../base/disposable.ts'
import { entryPath, type Entry } from './entry.ts'
import { computeFlags, withHugePages } from './compute-process.ts'

export interface ChildExit {
  readonly code: number | null
  readonly signal: string | null
}

/** A child process that speaks in messages (structured clone: typed arrays survive). */
export interface ChildProcess {
  readonly pid: number | undefined
  /** Silently nothing once the child has gone. */
  send(message: unknown): void
  readonly onMessage: Event<unknown>
  /** Fires once. */
  readonly onExit: Event<ChildExit>
  /** Ends it without asking. Ask by message first. */
  kill(): void
}

export interface SpawnOptions {
  readonly args: readonly string[]
  /** Shown by the system's process list where it can be. */
  readonly name: string
  /** Takes what the child and its native libraries print. A file: a child must never block on a pipe that nobody reads. */
  readonly outputPath: string
}

/** The same door for `child_process.fork` and for Electron's `utilityProcess` (injected from shell/). */
export type SpawnChild = (entry: Entry, options: SpawnOptions) => ChildProcess

export const forkChild: SpawnChild = (entry, options) => forkFile(entryPath(entry), options)

export function forkFile(path: string, options: SpawnOptions): ChildProcess {
  const output = openSync(options.outputPath, 'a')
  const child = fork(path, [...options.args], {
    serialization: 'advanced',
    env: withHugePages(),
    stdio: ['ignore', output, output, 'ipc'],
    // Not a debugger's or a test runner's.
    execArgv: [...computeFlags],
  })
  closeSync(output)
  const messages = new Emitter<unknown>()
  const exits = new Emitter<ChildExit>()
  let hasExited = false
  const exit = (code: number | null, signal: string | null): void => {
    if (hasExited) return
    hasExited = true
    exits.fire({ code, signal })
  }
  child.on('message', (message) => messages.fire(message))
  child.on('exit', exit)
  child.on('error', (error) => {
    // A failed start has no exit event; a failed send is followed by one.
    if (child.pid === undefined) exit(null, String(error.message))
  })
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message as object, () => {})
    },
    onMessage: messages.event,
    onExit: exits.event,
    kill: () => child.kill('SIGKILL'),
  }
}

/** The child's side of the channel. */
export interface ParentChannel {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): Disposable
  /** The parent has gone or let go of the child. */
  onClose(listener: () => void): Disposable
}

interface ElectronParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  off(event: 'message', listener: (event: { data: unknown }) => void): void
}

/** The channel to whoever spawned this process, or null when it was started by hand. */
export function parentChannel(): ParentChannel | null {
  const electronPort = (process as { parentPort?: ElectronParentPort }).parentPort
  if (electronPort) {
    return {
      send: (message) => electronPort.postMessage(message),
      onMessage: (listener) => {
        const own = (event: { data: unknown }): void => listener(event.data)
        electronPort.on('message', own)
        return toDisposable(() => electronPort.off('message', own))
      },
      // Electron ends its utility processes with itself.
      onClose: () => toDisposable(() => {}),
    }
  }
  if (process.send === undefined) return null
  return {
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, {}, () => {})
    },
    onMessage: (listener) => {
      process.on('message', listener)
      return toDisposable(() => process.off('message', listener))
    },
    onClose: (listener) => {
      process.on('disconnect', listener)
      return toDisposable(() => process.off('disconnect', listener))
    },
  }
}
