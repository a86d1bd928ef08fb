import type { Leaving } from './leaving.ts'

export interface DepartureActions {
  /** How many runs train now. */
  runningCount(): number
  ask(): Promise<Leaving>
  /** Go on without a window. */
  keep(): void
  /** Pauses the runs, ends the processes, lets the home go. */
  close(): Promise<void>
  /** Ends the app now: everything is closed. */
  exit(): void
}

/**
 * What happens between the wish to leave and the end of the app. Runs that train are never ended without a question, the
 * question is on screen once, and closing happens once, however often the user asks.
 */
export class Departure {
  readonly #actions: DepartureActions
  #stage: 'no' | 'asking' | 'closing' | 'closed' = 'no'

  constructor(actions: DepartureActions) {
    this.#actions = actions
  }

  /** The window's close button. Whether the window may close now. */
  windowCloses(): boolean {
    if (this.#stage === 'closed') return true
    if (this.#stage === 'no') void this.#leave()
    return false
  }

  /** Quit from menu, shortcut or tray. Whether the app may quit now. */
  appQuits(): boolean {
    return this.windowCloses()
  }

  /** A signal, the end of the session: no question, and the runs are paused all the same. */
  async closeNow(): Promise<void> {
    if (this.#stage === 'closing' || this.#stage === 'closed') return
    this.#stage = 'closing'
    try {
      await this.#actions.close()
    } finally {
      this.#stage = 'closed'
      this.#actions.exit()
    }
  }

  async #leave(): Promise<void> {
    if (this.#actions.runningCount() > 0) {
      this.#stage = 'asking'
      const answer = await this.#actions.ask().catch((): Leaving => 'cancel')
      // A signal may have closed meanwhile.
      if (this.#stage !== 'asking') return
      this.#stage = 'no'
      if (answer === 'keep') return this.#actions.keep()
      if (answer === 'cancel') return
    }
    await this.closeNow()
  }
}
