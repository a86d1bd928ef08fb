import { describe, expect, it } from 'vitest'
import type { Evaluation } from '../../../../electron/contract/run.ts'
import { mcnemarMidP as reference } from '../../../../electron/evaluate/statistics.ts'
import { mcnemarMidP, pairRollouts } from '../../../../renderer/features/compare/columns.ts'

const evaluation = (outcomes: Record<number, boolean>): Evaluation => ({
  checkpointStep: 1, seeds: [], replanSteps: 5, total: { successes: 0, n: 0, low: 0, high: 1 }, tasks: [], createdAt: 0,
  rollouts: Object.entries(outcomes).map(([seed, success]) => ({ task: 't', seed: Number(seed), success, steps: 1, reason: null })),
})

describe('paired comparison', () => {
  it('sorts shared seeds into four cells and leaves others out', () => {
    const pairing = pairRollouts(evaluation({ 1: true, 2: true, 3: false, 4: false, 9: true }), evaluation({ 1: true, 2: false, 3: true, 4: false }))
    expect(pairing).toEqual({ both: 1, neither: 1, onlyFirst: [{ task: 't', seed: 2 }], onlySecond: [{ task: 't', seed: 3 }] })
    expect(pairRollouts(evaluation({ 1: true }), evaluation({ 2: true }))).toBeNull()
    expect(pairRollouts(null, evaluation({ 2: true }))).toBeNull()
  })

  it('has the mid-p of the command line', () => {
    for (const [first, second] of [[0, 0], [1, 0], [16, 8], [3, 3], [0, 12], [400, 380]] as const) expect(mcnemarMidP(first, second)).toBeCloseTo(reference(first, second), 9)
  })
})
