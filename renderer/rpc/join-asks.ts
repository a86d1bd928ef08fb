/** Asks of the greatest weight that one request takes: an address must stay short enough for any server. */
const maxWeight = 60

interface Ask<Q, A> {
  readonly question: Q
  readonly signal: AbortSignal
  readonly resolve: (answer: A) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Joins what is asked in one turn of the event loop into requests of at most `maxWeight`, or of one ask that is heavier.
 * `askAll` answers in the order asked. An ask that is given up rejects at once; its request is given up with the last one.
 */
export function joinAsks<Q, A>(askAll: (questions: readonly Q[], signal: AbortSignal) => Promise<readonly A[]>, weightOf: (question: Q) => number): (question: Q, signal: AbortSignal) => Promise<A> {
  let waiting: Ask<Q, A>[] = []

  async function send(asks: readonly Ask<Q, A>[]): Promise<void> {
    const request = new AbortController()
    const giveUp = (): void => {
      if (asks.every(({ signal }) => signal.aborted)) request.abort()
    }
    for (const { signal, reject } of asks) {
      signal.addEventListener('abort', () => {
        reject(signal.reason)
        giveUp()
      }, { once: true })
    }
    try {
      const answers = await askAll(asks.map(({ question }) => question), request.signal)
      asks.forEach(({ resolve }, index) => resolve(answers[index]!))
    } catch (error) {
      for (const { reject } of asks) reject(error)
    }
  }

  function sendWaiting(): void {
    let group: Ask<Q, A>[] = []
    let weight = 0
    const groups = [group]
    for (const ask of waiting) {
      if (ask.signal.aborted) {
        ask.reject(ask.signal.reason)
        continue
      }
      weight += weightOf(ask.question)
      if (group.length > 0 && weight > maxWeight) {
        groups.push((group = []))
        weight = weightOf(ask.question)
      }
      group.push(ask)
    }
    waiting = []
    for (const asks of groups) if (asks.length > 0) void send(asks)
  }

  return (question, signal) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(sendWaiting)
      waiting.push({ question, signal, resolve, reject })
    })
}
