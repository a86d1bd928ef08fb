import { describe, expect, it, vi } from 'vitest'
import type { FramePiece } from '../../../../electron/contract/frame-stream.ts'
import type { FrameEntry } from '../../../../renderer/media/frame-cache.ts'
import { FrameFeed, type FrameWish } from '../../../../renderer/media/frame-feed.ts'

const pixel = (camera: number, frame: number): FramePiece => ({ kind: 'rgba', camera, frame, width: 1, height: 1, bytes: Uint8Array.of(frame, 0, 0, 255) })
const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

const wish = (missing: readonly number[], playhead: number, rest: Partial<FrameWish> = {}): FrameWish => ({ playhead, reachFrames: 48, missing, beyond: () => [], ...rest })

/** A host whose streams stand still until they are let on. */
function setUp(answer: (frame: number, takesEncoded: boolean) => FramePiece[] = (frame) => [pixel(0, frame), pixel(1, frame)]) {
  const asked: { frames: readonly number[]; takesEncoded: boolean; signal: AbortSignal }[] = []
  const shown = new Map<string, FrameEntry>()
  const idle = vi.fn()
  let go = (): void => undefined
  let gate = new Promise<void>((open) => (go = open))
  const feed = new FrameFeed(
    {
      paneIds: ['left', 'right'],
      open: async function* (frames, takesEncoded, signal) {
        asked.push({ frames, takesEncoded, signal })
        for (const frame of frames) {
          await gate
          if (signal.aborted) throw new DOMException('cut', 'AbortError')
          yield* answer(frame, takesEncoded)
        }
      },
    },
    (pane, frame, entry) => shown.set(`${pane}/${frame}`, entry),
    idle,
  )
  const letGo = async () => {
    go()
    await vi.waitFor(() => expect(idle.mock.calls.length + [...shown.values()].filter(({ state }) => state === 'failed').length).toBeGreaterThan(0), { timeout: 30_000 })
  }
  const stand = () => (gate = new Promise<void>((open) => (go = open)))
  return { feed, asked, shown, idle, letGo, stand }
}

describe('FrameFeed', () => {
  it('brings every pane of the frames asked for by one stream', async () => {
    const { feed, asked, shown, idle, letGo } = setUp()
    feed.want(wish(upTo(0, 20), 0))
    await letGo()
    expect(asked).toHaveLength(1)
    expect(shown.size).toBe(42)
    expect(shown.get('1/20')).toMatchObject({ state: 'ready', picture: { width: 1, height: 1 } })
    expect(idle).toHaveBeenCalledOnce()
  })

  it('waits for a frame that is on its way, and begins anew for one that is not', async () => {
    const { feed, asked, letGo } = setUp()
    feed.want(wish(upTo(0, 40), 0))
    feed.want(wish(upTo(3, 43), 3))
    expect(asked).toHaveLength(1)
    feed.want(wish(upTo(200, 240), 200))
    expect(asked).toHaveLength(2)
    expect(asked[0]!.signal.aborted).toBe(true)
    // Nearer than the end of what is on its way, but too far down the line to be waited for.
    feed.want(wish(upTo(230, 270), 230))
    expect(asked).toHaveLength(3)
    await letGo()
    expect(asked[2]!.frames[0]).toBe(230)
  })

  it('goes on by the same stream as the playhead moves, no further than there is room', async () => {
    const { feed, asked, shown, idle, letGo } = setUp()
    const beyond = (): readonly number[] => upTo(9, 30)
    feed.want(wish(upTo(0, 8), 0, { reachFrames: 8, beyond }))
    void letGo()
    await vi.waitFor(() => expect(shown.has('1/8')).toBe(true), { timeout: 30_000 })
    for (let playhead = 1; playhead <= 22; playhead++) {
      // One more may be taken from the stream before it is seen to lie beyond reach.
      expect(Math.max(...[...shown.keys()].map((name) => Number(name.slice(2))))).toBeLessThanOrEqual(playhead + 8)
      feed.want(wish([], playhead, { reachFrames: 8 }))
      await vi.waitFor(() => expect(shown.has(`1/${playhead + 8}`)).toBe(true), { timeout: 30_000 })
    }
    expect(asked).toHaveLength(1)
    await vi.waitFor(() => expect(idle).toHaveBeenCalledOnce(), { timeout: 30_000 })
  })

  it('drops a stream that fails while nobody waits for it', async () => {
    const { feed, asked, shown, letGo } = setUp((frame) => {
      if (frame === 9) throw new TypeError('Failed to fetch')
      return [pixel(0, frame), pixel(1, frame)]
    })
    feed.want(wish(upTo(0, 4), 0, { reachFrames: 4, beyond: () => upTo(5, 20) }))
    void letGo().catch(() => undefined)
    await vi.waitFor(() => expect(shown.has('1/4')).toBe(true), { timeout: 30_000 })
    feed.want(wish([], 3, { reachFrames: 5 }))
    await vi.waitFor(() => expect(shown.has('1/8')).toBe(true), { timeout: 30_000 })
    feed.want(wish([9], 4, { reachFrames: 5 }))
    await vi.waitFor(() => expect(shown.get('0/9') ?? asked.length).toMatchObject({ state: 'failed' }), { timeout: 30_000 })
  })

  it('does not begin a stream for each frame that playing moves on', async () => {
    const { feed, asked, letGo } = setUp()
    feed.want(wish(upTo(0, 48), 0))
    await letGo()
    for (let playhead = 1; playhead < 16; playhead++) feed.want(wish(upTo(49, 48 + playhead), playhead))
    expect(asked).toHaveLength(1)
    feed.want(wish(upTo(49, 64), 16))
    expect(asked).toHaveLength(2)
    // However few: what is needed soon is asked for.
    await letGo()
    feed.want(wish([70], 68))
    expect(asked).toHaveLength(3)
  })

  it('asks for pixels, once and for all, where this browser cannot decode what came', async () => {
    const codec: FramePiece = { kind: 'codec', camera: 0, frame: 0, codec: { codec: 'none.such', codedWidth: 1, codedHeight: 1 } }
    const { feed, asked, shown, letGo } = setUp((frame, takesEncoded) => (takesEncoded ? [codec] : [pixel(0, frame), pixel(1, frame)]))
    feed.want(wish([0, 1], 0))
    await letGo()
    expect(asked.map(({ takesEncoded }) => takesEncoded)).toEqual([true, false])
    expect(shown.get('0/1')).toMatchObject({ state: 'ready' })
    feed.want(wish([2, 3], 2))
    expect(asked[2]).toMatchObject({ takesEncoded: false })
  })

  it('says of the frame that was to come next what went wrong, and lets the others be asked for again', async () => {
    const { feed, asked, shown, letGo } = setUp((frame) => {
      if (frame === 1) throw new TypeError('Failed to fetch')
      return [pixel(0, frame), pixel(1, frame)]
    })
    feed.want(wish([0, 1, 2], 0))
    await letGo()
    expect(shown.get('0/0')).toMatchObject({ state: 'ready' })
    expect(shown.get('0/1')).toMatchObject({ state: 'failed' })
    expect(shown.get('1/1')).toMatchObject({ state: 'failed' })
    expect(shown.has('0/2')).toBe(false)
    feed.want(wish([2], 1))
    expect(asked).toHaveLength(2)
  })

  it('passes on a failure that the host tells of one camera', async () => {
    const { feed, shown, letGo } = setUp((frame) => [pixel(0, frame), { kind: 'failure', camera: 1, frame, message: 'The file is cut.' }])
    feed.want(wish([0], 0))
    await letGo()
    expect(shown.get('1/0')).toEqual({ state: 'failed', message: 'The file is cut.' })
  })

  it('ends with the player', async () => {
    const { feed, asked, idle } = setUp()
    feed.want(wish(upTo(0, 9), 0))
    feed.dispose()
    expect(asked[0]!.signal.aborted).toBe(true)
    await Promise.resolve()
    expect(idle).not.toHaveBeenCalled()
  })
})
