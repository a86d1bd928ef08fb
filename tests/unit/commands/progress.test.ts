import { describe, expect, it } from 'vitest'
import { clock, Progress } from '../../../electron/commands/progress.ts'

function recorder(isInteractive: boolean) {
  const written: string[] = []
  const state = { now: 0 }
  const terminal = { out: () => {}, err: (text: string) => void written.push(text), isInteractive, columns: () => 80, outColumns: () => Infinity, now: () => state.now }
  return { progress: new Progress(terminal), written, state }
}

describe('without a terminal', () => {
  it('writes few plain lines however often it is told', () => {
    const { progress, written, state } = recorder(false)
    progress.start('Training', 10_000, 'steps')
    for (let step = 1; step <= 10_000; step++) {
      state.now += 6
      progress.update(step, 'loss 0.5')
    }
    progress.finish()
    expect(written.join('')).not.toMatch(/[\r\x1b]/)
    // One minute: every 10 % plus every few seconds.
    expect(written.length).toBeGreaterThanOrEqual(10)
    expect(written.length).toBeLessThanOrEqual(24)
    expect(written[0]).toBe('Training: 10000 steps\n')
    expect(written[3]).toMatch(/^ {2}\d+ % {2}\d+\/10000 steps {2}167\/s {2}\d:\d\d left {2}loss 0\.5\n$/)
    expect(written.at(-1)).toBe('Training: 10000 steps in 1:00, 167 steps/s\n')
  })

  it('says where a continued phase continues, and does not count what was there', () => {
    const { progress, written, state } = recorder(false)
    progress.start('Recording', 80, 'episodes', 60)
    state.now = 10_000
    progress.update(80)
    progress.finish()
    expect(written[0]).toBe('Recording: continues at 60 of 80 episodes\n')
    expect(written.at(-1)).toContain('2.00 episodes/s')
  })

  it('still says that it lives when nothing advances by 10 %', () => {
    const { progress, written, state } = recorder(false)
    progress.start('Training', 1_000_000, 'steps')
    for (let second = 1; second <= 60; second++) {
      state.now = second * 1000
      progress.update(second)
    }
    expect(written.length).toBeGreaterThan(8)
  })
})

describe('on a terminal', () => {
  it('rewrites one line at most ten times a second and never wider than the window', () => {
    const { progress, written, state } = recorder(true)
    progress.start('Training', 1000, 'steps')
    for (let step = 1; step < 1000; step++) {
      state.now += 1
      progress.update(step, 'a note that is far too long for the line '.repeat(4))
    }
    expect(written.length).toBeLessThanOrEqual(12)
    for (const line of written) {
      expect(line.startsWith('\r\x1b[2K')).toBe(true)
      expect(line).not.toContain('\n')
      expect(line.replace('\r\x1b[2K', '').length).toBeLessThan(80)
    }
    progress.log('a remark')
    expect(written.at(-3)).toBe('\r\x1b[2K')
    expect(written.at(-2)).toBe('a remark\n')
  })
})

it('writes times as clocks', () => {
  expect(clock(7)).toBe('0:07')
  expect(clock(245)).toBe('4:05')
  expect(clock(3723)).toBe('1:02:03')
})
