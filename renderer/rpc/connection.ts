import { createORPCClient, DynamicLink } from '@orpc/client'
import type { ContractRouterClient } from '@orpc/contract'
import { Emitter } from '../../electron/base/event.ts'
import type { Disposable } from '../../electron/base/disposable.ts'
import type { contract, KinoraEvent } from '../../electron/contract/rpc.ts'
import type { Line, OpenLine } from './transport.ts'

export type KinoraClient = ContractRouterClient<typeof contract>
export type ConnectionState = 'connecting' | 'open' | 'lost'

/** Waits before the first, second, ... try to reconnect; the last one repeats. */
export const reconnectDelaysMs = [250, 500, 1000, 2000, 4000]

/**
 * The page's line to the host. `client` may be used at once: calls made while the line is down wait for it. When the
 * line is lost it is opened again for ever, and the event stream with it; `onDidOpen` fires each time the stream
 * stands, so that stores can load afresh and miss nothing in between.
 */
export class Connection implements Disposable {
  readonly client: KinoraClient
  readonly #open: OpenLine
  readonly #abort = new AbortController()
  readonly #didOpen = new Emitter<void>()
  readonly #didChange = new Emitter<ConnectionState>()
  readonly #events = new Emitter<readonly KinoraEvent[]>()
  readonly onDidOpen = this.#didOpen.event
  readonly onDidChangeState = this.#didChange.event
  readonly onEvents = this.#events.event
  #state: ConnectionState = 'connecting'
  #line: Line | undefined
  #waiting = new Set<() => void>()
  #skipWait: (() => void) | undefined

  constructor(open: OpenLine) {
    this.#open = open
    this.client = createORPCClient(new DynamicLink(async () => (await this.#current()).link))
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Runs until disposed. */
  async run(): Promise<void> {
    let tries = 0
    while (!this.#abort.signal.aborted) {
      try {
        const line = await this.#open(this.#abort.signal)
        this.#line = line
        for (const wake of this.#waiting) wake()
        this.#waiting.clear()
        const listening = this.#listen(line, () => (tries = 0))
        await Promise.race([line.closed, listening])
        line.close()
      } catch {
        // The reason is told by the banner: the host is away. Trying again is all there is to do.
      }
      this.#line = undefined
      if (this.#abort.signal.aborted) return
      this.#setState('lost')
      await this.#wait(reconnectDelaysMs[Math.min(tries++, reconnectDelaysMs.length - 1)]!)
    }
  }

  /** Cuts the present wait short. */
  retryNow(): void {
    this.#skipWait?.()
  }

  dispose(): void {
    this.#abort.abort()
    this.#skipWait?.()
    this.#line?.close()
    this.#didOpen.dispose()
    this.#didChange.dispose()
    this.#events.dispose()
  }

  async #listen(line: Line, onOpen: () => void): Promise<void> {
    const client = createORPCClient<KinoraClient>(line.link)
    const stream = await client.events(undefined, { signal: this.#abort.signal })
    onOpen()
    this.#setState('open')
    this.#didOpen.fire()
    for await (const batch of stream) this.#events.fire(batch)
  }

  async #current(): Promise<Line> {
    while (this.#line === undefined) await new Promise<void>((wake) => this.#waiting.add(wake))
    return this.#line
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    this.#didChange.fire(state)
  }

  async #wait(durationMs: number): Promise<void> {
    await new Promise<void>((done) => {
      const timer = setTimeout(done, durationMs)
      this.#skipWait = () => {
        clearTimeout(timer)
        done()
      }
    })
    this.#skipWait = undefined
  }
}
