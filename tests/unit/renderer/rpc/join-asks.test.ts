import { expect, test } from 'vitest'
import { joinAsks } from '../../../../renderer/rpc/join-asks.ts'

/** Answers each number with its double when told to; remembers what each request asked. */
function doubling(weightOf: (question: number) => number = () => 1) {
  const requests: { questions: readonly number[]; signal: AbortSignal; answer(): void; fail(reason: Error): void }[] = []
  const ask = joinAsks<number, number>(
    (questions, signal) => new Promise((resolve, reject) => requests.push({ questions, signal, answer: () => resolve(questions.map((one) => 2 * one)), fail: reject })),
    weightOf,
  )
  return { ask, requests }
}
const never = (): AbortSignal => new AbortController().signal
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

test('what is asked in one turn is one request, answered to each; what is asked later is another', async () => {
  const { ask, requests } = doubling()
  const first = [ask(1, never()), ask(2, never())]
  await turn()
  const second = ask(3, never())
  await turn()
  expect(requests.map(({ questions }) => questions)).toEqual([[1, 2], [3]])
  for (const { answer } of requests) answer()
  expect(await Promise.all([...first, second])).toEqual([2, 4, 6])
})

test('no request is heavier than it may be, unless one question alone is', async () => {
  const { ask, requests } = doubling((question) => question)
  const asked = [30, 30, 1, 500, 20].map((question) => ask(question, never()))
  await turn()
  expect(requests.map(({ questions }) => questions)).toEqual([[30, 30], [1], [500], [20]])
  for (const { answer } of requests) answer()
  expect(await Promise.all(asked)).toEqual([60, 60, 2, 1000, 40])
})

test('who gives up hears it at once; the request goes on for the others and ends with the last of them', async () => {
  const { ask, requests } = doubling()
  const [early, middle, late] = [new AbortController(), new AbortController(), new AbortController()]
  const before = ask(0, early.signal)
  early.abort(new Error('gone before'))
  const [one, other] = [ask(1, middle.signal), ask(2, late.signal)]
  await expect(before).rejects.toThrow('gone before')
  expect(requests[0]!.questions).toEqual([1, 2])
  middle.abort(new Error('gone'))
  await expect(one).rejects.toThrow('gone')
  expect(requests[0]!.signal.aborted).toBe(false)
  late.abort(new Error('gone, too'))
  await expect(other).rejects.toThrow('gone, too')
  expect(requests[0]!.signal.aborted).toBe(true)
})

test('a failure is told to each', async () => {
  const { ask, requests } = doubling()
  const asked = [ask(1, never()), ask(2, never())]
  await turn()
  requests[0]!.fail(new Error('no host'))
  for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ status: 'rejected', reason: new Error('no host') })
})
