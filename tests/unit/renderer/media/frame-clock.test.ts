import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameClock } from '../../../../renderer/media/frame-clock.ts'
import { neighbourSpeed } from '../../../../renderer/media/use-player-keys.ts'

const always = () => true
const clockOf = (frameCount = 100, fps = 20, frame = 0) => new FrameClock({ frameCount, fps, frame })

/** Ticks at 60 Hz for `ms` milliseconds from `from`. */
function run(clock: FrameClock, from: number, ms: number, isReady: (frame: number) => boolean = always): number[] {
  const seen: number[] = []
  for (let now = from; now <= from + ms; now += 1000 / 60) if (clock.tick(now, isReady)) seen.push(clock.frame)
  return seen
}

describe('FrameClock', () => {
  it('plays each frame once, in order, at the recording rate', () => {
    const clock = clockOf()
    clock.play()
    expect(run(clock, 0, 1000)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })

  it('has the same frame however the ticks fall', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }), (gaps) => {
        const clock = clockOf(10_000)
        clock.play()
        clock.tick(0, always)
        let now = 0
        for (const gap of gaps) clock.tick((now += gap), always)
        expect(clock.frame).toBe(Math.floor((now / 1000) * 20 + 1e-6))
      }),
    )
  })

  it('waits for a frame that is not ready, and then skips nothing', () => {
    const clock = clockOf()
    clock.play()
    let limit = 5
    expect(run(clock, 0, 1000, (frame) => frame <= limit).at(-1)).toBe(5)
    limit = 100
    expect(run(clock, 1017, 200)[0]).toBe(6)
  })

  it('stops at the last frame and starts over from there', () => {
    const clock = clockOf(10)
    clock.play()
    run(clock, 0, 2000)
    expect([clock.frame, clock.isPlaying]).toEqual([9, false])
    clock.toggle()
    expect([clock.frame, clock.isPlaying]).toEqual([0, true])
  })

  it('loops when told to, in both directions', () => {
    const clock = clockOf(10)
    clock.isLooping = true
    clock.play()
    const seen = run(clock, 0, 1200)
    expect(seen.indexOf(0)).toBe(9)
    expect(seen.slice(9, 12)).toEqual([0, 1, 2])
    expect(clock.isPlaying).toBe(true)
    clock.play(-1)
    expect(new Set(run(clock, 5000, 1200))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
  })

  it('doubles its speed with each L in a row, and L after J plays at 1x again', () => {
    const clock = clockOf()
    clock.shuttle(1)
    expect(clock.speed).toBe(1)
    clock.shuttle(1)
    clock.shuttle(1)
    expect(clock.speed).toBe(4)
    for (let press = 0; press < 5; press++) clock.shuttle(1)
    expect(clock.speed).toBe(8)
    clock.shuttle(-1)
    expect([clock.speed, clock.direction]).toEqual([1, -1])
    clock.pause()
    clock.shuttle(1)
    expect([clock.speed, clock.direction]).toEqual([1, 1])
  })

  it('never leaves its frames, and is always a whole number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: false })), (frameCount, targets) => {
        const clock = clockOf(frameCount)
        for (const target of targets) {
          clock.seek(target)
          clock.step(Math.trunc(target) || 1)
          expect(Number.isInteger(clock.frame) && clock.frame >= 0 && clock.frame < frameCount).toBe(true)
        }
      }),
    )
  })

  it('lands on the same frame after a thousand steps forward and back', () => {
    const clock = clockOf(180, 20, 42)
    for (let step = 0; step < 1000; step++) clock.step(step % 2 === 0 ? 1 : -1)
    expect(clock.frame).toBe(42)
    expect(clock.seconds).toBeCloseTo(2.1, 12)
  })

  it('steps by a second of the recording', () => {
    const clock = clockOf(100, 20, 50)
    clock.stepSeconds(1)
    expect(clock.frame).toBe(70)
    clock.stepSeconds(-1)
    clock.stepSeconds(-1)
    expect(clock.frame).toBe(30)
  })
})

describe('neighbourSpeed', () => {
  it('walks the offered speeds and stays at their ends', () => {
    expect([neighbourSpeed(1, 1), neighbourSpeed(1, -1), neighbourSpeed(8, 1), neighbourSpeed(0.1, -1)]).toEqual([2, 0.5, 8, 0.1])
  })
})
