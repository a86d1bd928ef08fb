import { describe, expect, it } from 'vitest'
import { formatP } from '../../../electron/base/statistics.ts'
import type { Rollout } from '../../../electron/contract/run.ts'
import { compareEvaluations, successOf, verdict } from '../../../electron/evaluate/comparison.ts'

function rollouts(task: string, outcomes: string, firstSeed = 20_000): Rollout[] {
  return [...outcomes].map((outcome, index) => {
    const success = outcome === '1'
    return { task, seed: firstSeed + index, success, steps: 10, reason: success ? null : 'step limit' }
  })
}

describe('compareEvaluations', () => {
  it('pairs by task and seed and lists the discordant ones', () => {
    const first = { rollouts: [...rollouts('a', '1100'), ...rollouts('b', '00000')] }
    const second = { rollouts: [...rollouts('b', '11111'), ...rollouts('a', '1010')] }
    const { total, tasks, unpaired } = compareEvaluations(first, second)
    expect(unpaired).toBe(0)
    expect(total.counts).toEqual({ both: 1, onlyFirst: 1, onlySecond: 6, neither: 1 })
    expect(total.difference).toBeCloseTo(5 / 9, 12)
    expect(total.interval.low).toBeLessThan(5 / 9)
    expect(total.interval.high).toBeGreaterThan(5 / 9)
    expect(total.discordant[0]).toEqual({ task: 'a', seed: 20_001, winner: 'first' })
    expect(tasks.map((task) => task.task)).toEqual(['a', 'b'])
    // Five to nothing is 1/32; the worse of two tasks is doubled by Holm, the other stays at its own p of 0.75.
    expect(tasks[1]!.p).toBeCloseTo(1 / 32, 12)
    expect(tasks[1]!.adjustedP).toBeCloseTo(1 / 16, 12)
    expect(tasks[0]!.adjustedP).toBeCloseTo(0.75, 12)
  })

  it('leaves out pairs that one side lacks and says how many', () => {
    const comparison = compareEvaluations({ rollouts: rollouts('a', '111') }, { rollouts: rollouts('a', '111', 20_001) })
    expect(comparison.total.n).toBe(2)
    expect(comparison.unpaired).toBe(2)
  })
})

describe('verdict', () => {
  const compare = (first: string, second: string) =>
    compareEvaluations({ rollouts: rollouts('a', first) }, { rollouts: rollouts('a', second) }).total

  it('names the better policy only where the test allows', () => {
    expect(verdict(compare('0000000', '1111111'), 'action-only', 'joint')).toMatch(/^joint succeeds more often than action-only/)
    expect(verdict(compare('1111111', '0000000'), 'action-only', 'joint')).toMatch(/^action-only succeeds more often than joint/)
  })

  it('calls a small difference noise and never equal', () => {
    const text = verdict(compare('1100', '1110'), 'action-only', 'joint')
    expect(text).toMatch(/^Difference within noise/)
    expect(text).toContain('n = 4')
    expect(text).toContain('does not show that they are equal')
  })

  it('says that nothing can be compared', () => expect(verdict(compare('', ''), 'a', 'b')).toMatch(/nothing to compare/))
})

it('counts successes with their interval', () => {
  expect(successOf(rollouts('a', '1110'))).toMatchObject({ successes: 3, n: 4 })
})

it('does not print a p of zero', () => {
  expect(formatP(1e-9)).toBe('< 0.001')
  expect(formatP(0.04)).toBe('0.040')
})
