import { KinoraError } from '../contract/errors.ts'

/** A terminal and npm may both pass on one Ctrl-C; signals this close together are one press. */
const onePressMs = 500

/**
 * Ctrl-C: the first asks for a clean end (the signal aborts), the second ends at once. SIGTERM, a closed terminal and
 * a launcher that is gone count as the first.
 */
export class Interrupts {
  readonly #controller = new AbortController()
  readonly #listeners: [string, () => void][] = []
  #lastAt = -Infinity
  /** What to tell at the first press; a command knows what becomes of its work. */
  message = 'Stopping. Press Ctrl-C again to end at once.'

  readonly #write: (text: string) => void

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  install(): void {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // No SIGHUP on Windows, where its listener would keep the console from closing.
      if (name === 'SIGHUP' && process.platform === 'win32') continue
      this.#listen(name, () => this.press())
    }
    if (process.channel && process.env.KINORA_LAUNCHER === String(process.ppid)) {
      // The launcher's channel only tells that the launcher is gone; it must not keep this process alive. Another
      // parent's channel is none of our business.
      process.channel.unref()
      this.#listen('disconnect', () => this.press())
    }
  }

  uninstall(): void {
    for (const [name, listener] of this.#listeners.splice(0)) process.removeListener(name, listener)
  }

  press(now = performance.now()): void {
    if (now - this.#lastAt < onePressMs) return
    this.#lastAt = now
    if (this.signal.aborted) process.exit(130)
    this.#write(`\n${this.message}\n`)
    this.#controller.abort(new KinoraError('interrupted', 'Interrupted.', 'Run the same command again to continue.'))
  }

  #listen(name: string, listener: () => void): void {
    process.on(name, listener)
    this.#listeners.push([name, listener])
  }
}
