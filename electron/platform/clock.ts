/** Time as a value that tests can hold still. */
export interface Clock {
  /** Milliseconds since the epoch: for what is stored and shown. */
  now(): number
  /** Milliseconds that never run backwards: for durations. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** Resolves after `ms`, or at once when the signal aborts (it never rejects: the caller asks the signal). */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish)
  })
}
