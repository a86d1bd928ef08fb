import { Emitter, type Event } from '../base/event.ts'
import type { KinoraEvent } from '../contract/rpc.ts'

/**
 * How far apart batches go out at least. Each makes the page draw, and what draws takes from what trains: four a second
 * are soon enough for the eye of somebody who is at the page, one in ten seconds for who looks up now and then. So long
 * waits only what a training says all the time: that it has ended, or crashed, is told soon, and a rollout or a replay
 * is watched without a hand at the mouse.
 */
export const batchMs = { attended: 250, unattended: 10_000 } as const

/** What comes without end while a run trains. */
const isSteady = (event: KinoraEvent): boolean => event.type === 'metrics-appended' || event.type === 'system-changed' || (event.type === 'run-changed' && event.run.status.state === 'running')

/** The pace of one page's batches; that page says when somebody comes and goes. */
export class EventPace {
  readonly #didChange = new Emitter<void>()
  readonly onDidChange = this.#didChange.event
  readonly #times: { readonly attended: number; readonly unattended: number }
  #isAttended = true

  constructor(times: { readonly attended: number; readonly unattended: number } = batchMs) {
    this.#times = times
  }

  get isAttended(): boolean {
    return this.#isAttended
  }

  intervalMs(waiting: Iterable<KinoraEvent>): number {
    return this.#isAttended || ![...waiting].every(isSteady) ? this.#times.attended : this.#times.unattended
  }

  attend(isAttended: boolean): void {
    this.#isAttended = isAttended
    this.#didChange.fire()
  }
}

/**
 * Events in batches at the given pace; the first after a silence goes out at once. While a batch waits (a slow reader,
 * too), events about the same thing are merged, so what waits is bounded by the number of runs and datasets, not by
 * time. Ends when the signal aborts.
 */
export async function* eventBatches(onEvent: Event<KinoraEvent>, first: readonly KinoraEvent[], pace: EventPace, signal: AbortSignal | undefined): AsyncGenerator<KinoraEvent[], void, void> {
  const waiting = new Map<string, KinoraEvent>()
  let wake: (() => void) | undefined
  const subscription = onEvent((event) => {
    merge(waiting, event)
    wake?.()
  })
  const onAbort = (): void => wake?.()
  signal?.addEventListener('abort', onAbort)
  const paces = pace.onDidChange(() => wake?.())
  try {
    // The first batch goes out at once: it tells the page that the stream stands.
    yield [...first]
    while (!signal?.aborted) {
      if (waiting.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
          if (signal?.aborted) resolve()
        })
        wake = undefined
        continue
      }
      const batch = [...waiting.values()]
      waiting.clear()
      yield batch
      const end = Promise.withResolvers<void>()
      const start = performance.now()
      let timer: NodeJS.Timeout | undefined
      wake = () => {
        clearTimeout(timer)
        timer = setTimeout(end.resolve, signal?.aborted ? 0 : Math.max(0, start + pace.intervalMs(waiting.values()) - performance.now()))
      }
      wake()
      await end.promise
      wake = undefined
    }
  } finally {
    subscription.dispose()
    paces.dispose()
    signal?.removeEventListener('abort', onAbort)
  }
}

/** The later event about a thing replaces the earlier one and takes its place at the end. */
function merge(waiting: Map<string, KinoraEvent>, event: KinoraEvent): void {
  const key = keyOf(event)
  const earlier = waiting.get(key)
  waiting.delete(key)
  if (event.type === 'run-removed') waiting.delete(`run ${event.id}`)
  if (event.type === 'metrics-appended' && earlier?.type === 'metrics-appended') {
    waiting.set(key, { ...event, step: Math.max(event.step, earlier.step), names: [...new Set([...earlier.names, ...event.names])] })
  } else {
    waiting.set(key, event)
  }
}

function keyOf(event: KinoraEvent): string {
  switch (event.type) {
    case 'run-changed':
      return `run ${event.run.id}`
    case 'run-removed':
      return `removed ${event.id}`
    case 'queue-changed':
      return 'queue'
    case 'run-alert':
      return `alert ${event.alert.id} ${event.alert.metric} ${event.alert.kind}`
    case 'metrics-appended':
      return `metrics ${event.id}`
    case 'dataset-changed':
      return `dataset ${event.dataset.id}`
    case 'system-changed':
      return 'system'
    case 'engine-warning':
      return `warning ${event.message}`
    case 'replay-progress':
      return `replay ${event.id}`
    case 'evaluation-changed':
      return `evaluation ${event.job.id}`
    case 'ablation-changed':
      return `ablation ${event.ablation.id}`
    case 'ablation-removed':
      return `ablation ${event.id}`
  }
}
