import { describe, expect, it } from 'vitest'
import { FrameCache, type FrameEntry } from '../../../../renderer/media/frame-cache.ts'

const picture = (bytes: number): FrameEntry => ({ state: 'ready', picture: { width: 1, height: bytes / 4, data: new Uint8ClampedArray(bytes) } })

function source() {
  const asked: string[] = []
  const waiting = new Map<string, (entry: FrameEntry) => void>()
  const fetch = (url: string) => new Promise<FrameEntry>((resolve) => {
    asked.push(url)
    waiting.set(url, resolve)
  })
  const answer = async (url: string, entry: FrameEntry = picture(400)) => {
    waiting.get(url)!(entry)
    await new Promise((done) => setTimeout(done, 0))
  }
  return { asked, fetch, answer }
}

describe('FrameCache', () => {
  it('asks once for a frame that two panes want at the same moment', async () => {
    const { asked, fetch, answer } = source()
    const cache = new FrameCache(fetch)
    const both = Promise.all([cache.load('a'), cache.load('a')])
    await answer('a')
    const [first, second] = await both
    expect(asked).toEqual(['a'])
    expect(first).toBe(second)
    expect(cache.has('a')).toBe(true)
  })

  it('keeps to its lanes, and the frame on show goes before what is fetched ahead', async () => {
    const { asked, fetch, answer } = source()
    const cache = new FrameCache(fetch, { lanes: 2 })
    cache.prefetch(['1', '2', '3', '4'])
    expect(asked).toEqual(['1', '2'])
    const shown = cache.load('9')
    await answer('1')
    expect(asked).toEqual(['1', '2', '9'])
    await answer('9')
    expect((await shown).state).toBe('ready')
    expect(asked).toEqual(['1', '2', '9', '3'])
  })

  it('drops what is no longer wanted before it starts', async () => {
    const { asked, fetch, answer } = source()
    const cache = new FrameCache(fetch, { lanes: 1 })
    cache.prefetch(['1', '2', '3'])
    cache.prefetch(['8'])
    await answer('1')
    expect(asked).toEqual(['1', '8'])
  })

  it('lets the least recently used go when its bytes are full', async () => {
    const { fetch, answer } = source()
    const cache = new FrameCache(fetch, { maxBytes: 1000 })
    for (const url of ['a', 'b']) {
      const load = cache.load(url)
      await answer(url)
      await load
    }
    cache.peek('a')
    const load = cache.load('c')
    await answer('c')
    await load
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, false, true])
    expect(cache.bytes).toBe(800)
  })

  it('asks again for an absent frame once told to forget', async () => {
    const { asked, fetch, answer } = source()
    const cache = new FrameCache(fetch)
    const first = cache.load('a')
    await answer('a', { state: 'absent' })
    expect((await first).state).toBe('absent')
    expect((await cache.load('a')).state).toBe('absent')
    cache.forgetAbsent()
    const second = cache.load('a')
    await answer('a')
    expect((await second).state).toBe('ready')
    expect(asked).toEqual(['a', 'a'])
  })

  it('aborts what runs when it is cleared, and keeps nothing of it', async () => {
    let signal: AbortSignal | undefined
    const cache = new FrameCache((_url, own) => {
      signal = own
      return new Promise(() => undefined)
    })
    void cache.load('a')
    cache.clear()
    expect(signal?.aborted).toBe(true)
    expect(cache.bytes).toBe(0)
  })

  it('closes decoded pictures that it lets go of, and counts their memory', () => {
    const closed: string[] = []
    const decoded = (name: string): FrameEntry => ({ state: 'ready', picture: { displayWidth: 10, displayHeight: 10, close: () => closed.push(name) } as unknown as VideoFrame })
    const cache = new FrameCache(() => new Promise(() => undefined), { maxBytes: 1000 })
    cache.put('a', decoded('a'))
    cache.put('b', decoded('b'))
    expect([cache.bytes, closed]).toEqual([800, []])
    cache.peek('a')
    cache.put('c', decoded('c'))
    expect([cache.bytes, closed]).toEqual([800, ['b']])
    cache.put('a', decoded('a again'))
    expect(closed).toEqual(['b', 'a'])
    cache.put('d', { state: 'absent' })
    cache.forgetAbsent()
    expect(cache.has('d')).toBe(false)
    cache.clear()
    expect([cache.bytes, closed]).toEqual([0, ['b', 'a', 'c', 'a again']])
  })
})
