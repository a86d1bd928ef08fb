import { expect, test } from 'vitest'
import { KinoraError } from '../../../electron/contract/errors.ts'
import type { FrameBatch, FrameBatchRequest } from '../../../electron/engine/desk/frame-batch.ts'
import { streamFrames } from '../../../electron/host/frame-stream.ts'

const place = Promise.resolve({ id: 'cups', path: '/data/cups' })
const query = { episode: 2, cameras: ['front'], frames: [5, 6, 7, 8, 9], takesEncoded: true }

/** A desk that gives two frames at a time. */
function setUp() {
  const asked: FrameBatchRequest[] = []
  const read = async (request: FrameBatchRequest): Promise<FrameBatch> => {
    asked.push(request)
    const count = Math.min(2, request.frames.length)
    return { bytes: Uint8Array.from(request.frames.slice(0, count)), rest: request.frames.slice(count), sent: [request.frames[count - 1]!] }
  }
  return { asked, read }
}

test('batches follow each other in order, each told what the one before has sent', async () => {
  const { asked, read } = setUp()
  const bytes: number[] = []
  for await (const part of streamFrames(read, place, query)) bytes.push(...part)
  expect(bytes).toEqual([5, 6, 7, 8, 9])
  expect(asked.map(({ frames, sent }) => [frames[0], sent])).toEqual([[5, []], [7, [6]], [9, [8]]])
  expect(asked[0]).toMatchObject({ id: 'cups', path: '/data/cups', episode: 2, cameras: ['front'], takesEncoded: true })
})

test('one batch is read ahead of a page that takes its time, and none once it has gone', async () => {
  const { asked, read } = setUp()
  const stream = streamFrames(read, place, query)
  await stream.next()
  expect(asked.length).toBe(2)
  await stream.return()
  expect(asked.length).toBe(2)
})

test('a failure before the first part rejects; one that nobody waits for is no crash', async () => {
  const failing = async (request: FrameBatchRequest): Promise<FrameBatch> => {
    if (request.frames[0] !== 5) throw new KinoraError('engine-crashed', 'The desk ended.', 'It starts again.')
    return { bytes: new Uint8Array(1), rest: request.frames.slice(1), sent: [] }
  }
  await expect(streamFrames(() => Promise.reject(new KinoraError('not-found', 'No such episode.', 'Look.')), place, query).next()).rejects.toMatchObject({ code: 'not-found' })
  const cut = streamFrames(failing, place, query)
  await cut.next()
  await cut.return()
  const whole = streamFrames(failing, place, query)
  await whole.next()
  await expect(whole.next()).rejects.toMatchObject({ code: 'engine-crashed' })
})
