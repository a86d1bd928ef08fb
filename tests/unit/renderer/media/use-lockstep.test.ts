// @vitest-environment happy-dom
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { effectScope, shallowRef } from 'vue'
import type { FrameEntry } from '../../../../renderer/media/frame-cache.ts'
import { useLockstep, type PaneSource } from '../../../../renderer/media/use-lockstep.ts'

const entryOf = (frame: number): FrameEntry => ({ state: 'ready', picture: { width: 1, height: 1, data: new Uint8ClampedArray([frame, 0, 0, 255]) } })
const settle = () => new Promise((done) => setTimeout(done, 5))

function setUp(delayMs: (url: string) => number | null, exists?: (frame: number) => boolean) {
  const scope = effectScope()
  const sources = shallowRef<readonly PaneSource[]>(['camera', 'prediction'].map((id) => ({ id, url: (frame) => `${id}/${frame}`, ...(id === 'prediction' && exists ? { exists } : {}) })))
  const asked: string[] = []
  const player = scope.run(() =>
    useLockstep({ frameCount: 50, fps: 20 }, sources, {
      fetch: async (url) => {
        asked.push(url)
        const delay = delayMs(url)
        if (delay === null) return await new Promise<FrameEntry>(() => undefined)
        if (delay > 0) await new Promise((done) => setTimeout(done, delay))
        return entryOf(Number(url.split('/')[1]))
      },
    }),
  )!
  return { player, asked, stop: () => scope.stop() }
}

describe('useLockstep', () => {
  it('shows a frame in all panes at once', async () => {
    // Which of two pictures comes first must not be up to the machine.
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { player, stop } = setUp((url) => (url === 'prediction/7' ? 40 : 0))
    await vi.advanceTimersByTimeAsync(5)
    player.command((clock) => clock.seek(7))
    await vi.advanceTimersByTimeAsync(5)
    // The camera has frame 7 already; the panes still show frame 0 together, under its own number.
    expect(player.view.value.frame).toBe(0)
    await vi.advanceTimersByTimeAsync(40)
    expect(player.view.value.frame).toBe(7)
    for (const pane of player.view.value.panes.values()) expect(pane).toEqual(entryOf(7))
    stop()
  })

  it('never shows an old picture under a new number: late panes go blank', async () => {
    const { player, stop } = setUp((url) => (url === 'prediction/9' ? null : 0))
    await settle()
    player.command((clock) => clock.seek(9))
    await vi.waitFor(() => expect(player.view.value.frame).toBe(9), { timeout: 30_000 })
    expect(player.view.value.panes.get('camera')).toEqual(entryOf(9))
    expect(player.view.value.panes.get('prediction')).toEqual({ state: 'loading' })
    stop()
  })

  it('says absent of a frame that is known not to exist, and does not ask for it', async () => {
    let predicted = 3
    const { player, asked, stop } = setUp(() => 0, (frame) => frame < predicted)
    await settle()
    player.command((clock) => clock.seek(5))
    await settle()
    expect(player.view.value.panes.get('prediction')).toEqual({ state: 'absent' })
    expect(asked).not.toContain('prediction/5')
    predicted = 50
    player.refresh()
    await vi.waitFor(() => expect(player.view.value.panes.get('prediction')).toEqual(entryOf(5)), { timeout: 30_000 })
    stop()
  })

  it('answers the last of many quick seeks, not the last to arrive', async () => {
    const { player, stop } = setUp((url) => (url.endsWith('/20') ? 60 : 0))
    await settle()
    player.command((clock) => clock.seek(20))
    player.command((clock) => clock.seek(21))
    await vi.waitFor(() => expect(player.view.value.frame).toBe(21), { timeout: 30_000 })
    // Time for the picture of frame 20 to come late.
    await new Promise((done) => setTimeout(done, 150))
    expect(player.view.value.frame).toBe(21)
    for (const pane of player.view.value.panes.values()) expect(pane).toEqual(entryOf(21))
    stop()
  })

  it('shows panes that come by a stream together with one that is asked for by address', async () => {
    const scope = effectScope()
    const sources = shallowRef<readonly PaneSource[]>(['left', 'right', 'motion'].map((id) => ({ id, url: (frame) => `${id}/${frame}` })))
    const asked: string[] = []
    const brought: number[] = []
    const player = scope.run(() =>
      useLockstep({ frameCount: 90, fps: 20 }, sources, {
        fetch: async (url) => {
          asked.push(url)
          return entryOf(Number(url.split('/')[1]))
        },
        stream: {
          paneIds: ['left', 'right'],
          open: async function* (frames) {
            for (const frame of frames) {
              for (const camera of [0, 1]) yield { kind: 'rgba', camera, frame, width: 1, height: 1, bytes: Uint8Array.of(frame, 0, 0, 255) }
              brought.push(frame)
            }
          },
        },
      }),
    )!
    onTestFinished(() => scope.stop())
    for (const [frame, furthest] of [[0, 47], [60, 88]] as const) {
      player.command((clock) => clock.seek(frame))
      await vi.waitFor(() => expect([...player.view.value.panes.values()]).toEqual([entryOf(frame), entryOf(frame), entryOf(frame)]), { timeout: 30_000 })
      expect(player.view.value.frame).toBe(frame)
      // What stands still is fetched ahead of, as far as there is room.
      await vi.waitFor(() => expect(brought).toContain(furthest), { timeout: 30_000 })
      expect(Math.max(...brought)).toBeLessThanOrEqual(frame + 48)
    }
    expect(new Set(brought).size).toBe(brought.length)
    expect(asked.every((url) => url.startsWith('motion/'))).toBe(true)
  })

  it('moves its clock and its panes together while playing', async () => {
    const { player, stop } = setUp(() => 0)
    await settle()
    const skews: number[] = []
    player.command((clock) => clock.play())
    await vi.waitFor(
      () => {
        skews.push(player.frame.value - player.view.value.frame)
        expect(player.frame.value).toBeGreaterThan(4)
      },
      { timeout: 3000, interval: 10 },
    )
    expect(Math.max(...skews.map(Math.abs))).toBe(0)
    stop()
  })
})
