import { expect, test } from 'vitest'
import { Emitter } from '../../../electron/base/event.ts'
import type { KinoraEvent } from '../../../electron/contract/rpc.ts'
import { EventPace, eventBatches } from '../../../electron/rpc/event-batches.ts'

const times = { attended: 100, unattended: 1500 }

const metrics = (id: string, step: number, ...names: string[]): KinoraEvent => ({ type: 'metrics-appended', id, step, names })

async function open(pace = new EventPace(times)): Promise<{ emitter: Emitter<KinoraEvent>; stream: AsyncGenerator<KinoraEvent[], void, void>; abort: AbortController }> {
  const emitter = new Emitter<KinoraEvent>()
  const abort = new AbortController()
  const stream = eventBatches(emitter.event, [], pace, abort.signal)
  expect(await stream.next()).toEqual({ done: false, value: [] })
  return { emitter, stream, abort }
}

test('many events about one thing become one, in the order of the last', async () => {
  const { emitter, stream } = await open()
  const next = stream.next()
  emitter.fire(metrics('a', 1, 'x'))
  expect((await next).value).toEqual([metrics('a', 1, 'x')])
  for (let step = 2; step <= 1000; step++) emitter.fire(metrics('a', step, step % 2 ? 'x' : 'y'))
  emitter.fire(metrics('b', 5, 'z'))
  emitter.fire({ type: 'replay-progress', id: 'r', predictedFrames: 1 })
  emitter.fire(metrics('a', 900, 'w'))
  emitter.fire({ type: 'replay-progress', id: 'r', predictedFrames: 2 })
  const batch = (await stream.next()).value as KinoraEvent[]
  expect(batch.map((event) => event.type)).toEqual(['metrics-appended', 'metrics-appended', 'replay-progress'])
  expect(batch[0]).toEqual(metrics('b', 5, 'z'))
  expect(batch[1]).toMatchObject({ id: 'a', step: 1000 })
  expect(new Set((batch[1] as { names: string[] }).names)).toEqual(new Set(['w', 'x', 'y']))
  expect(batch[2]).toEqual({ type: 'replay-progress', id: 'r', predictedFrames: 2 })
})

test('batches are apart while somebody is at the page', async () => {
  const { emitter, stream } = await open()
  const timer = setInterval(() => emitter.fire(metrics('a', 1, 'x')), 5)
  await stream.next()
  const start = performance.now()
  for (let count = 0; count < 3; count++) await stream.next()
  clearInterval(timer)
  expect(performance.now() - start).toBeGreaterThan(3 * times.attended - 20)
})

test('nobody at the page has batches wait longer; who comes back sees what waits at once', async () => {
  const pace = new EventPace(times)
  pace.attend(false)
  const { emitter, stream } = await open(pace)
  emitter.fire(metrics('a', 1, 'x'))
  expect((await stream.next()).value).toEqual([metrics('a', 1, 'x')])
  const start = performance.now()
  const next = stream.next().then(({ value }) => ({ value, afterMs: performance.now() - start }))
  for (let step = 2; step < 30; step++) {
    emitter.fire(metrics('a', step, 'x'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  pace.attend(true)
  emitter.fire(metrics('a', 30, 'x'))
  const { value, afterMs } = await next
  expect(value).toEqual([metrics('a', 30, 'x')])
  expect(afterMs).toBeGreaterThan(2 * times.attended)

  pace.attend(false)
  emitter.fire(metrics('a', 31, 'x'))
  const later = performance.now()
  await stream.next()
  expect(performance.now() - later).toBeGreaterThan(times.unattended - 20)
})

test.each<[string, KinoraEvent]>([
  ['a rollout that is watched', { type: 'replay-progress', id: 'r', predictedFrames: 1 }],
  ['the end of a run', { type: 'run-changed', run: { id: 'a', status: { state: 'crashed' } } as never }],
])('nobody at the page has %s wait no longer', async (_, event) => {
  const pace = new EventPace(times)
  pace.attend(false)
  const { emitter, stream } = await open(pace)
  emitter.fire(metrics('a', 1, 'x'))
  await stream.next()
  const start = performance.now()
  const next = stream.next()
  emitter.fire(metrics('a', 2, 'x'))
  await new Promise((resolve) => setTimeout(resolve, 2 * times.attended))
  emitter.fire({ type: 'run-changed', run: { id: 'b', status: { state: 'running' } } as never })
  emitter.fire(event)
  expect((await next).value).toHaveLength(3)
  const tookMs = performance.now() - start
  expect(tookMs).toBeGreaterThan(2 * times.attended - 20)
  expect(tookMs).toBeLessThan(times.unattended)
})

test('a removed run takes its pending changes with it', async () => {
  const { emitter, stream } = await open()
  const next = stream.next()
  emitter.fire(metrics('other', 1, 'x'))
  await next
  emitter.fire({ type: 'run-changed', run: { id: 'a' } as never })
  emitter.fire({ type: 'run-removed', id: 'a' })
  expect((await stream.next()).value).toEqual([{ type: 'run-removed', id: 'a' }])
})

test('an abort ends the stream and lets the source go, whether it waits or pauses', async () => {
  const waiting = await open()
  const pending = waiting.stream.next()
  waiting.abort.abort()
  expect((await pending).done).toBe(true)
  expect(waiting.emitter.hasListeners).toBe(false)
  const pausing = await open()
  const first = pausing.stream.next()
  pausing.emitter.fire(metrics('a', 1))
  await first
  const second = pausing.stream.next()
  pausing.abort.abort()
  expect((await second).done).toBe(true)
  expect(pausing.emitter.hasListeners).toBe(false)
})
