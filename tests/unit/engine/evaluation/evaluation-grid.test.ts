import { describe, expect, it } from 'vitest'
import { EvaluationGrid } from '../../../../electron/engine/evaluation/evaluation-grid.ts'

describe('the grid of an evaluation', () => {
  it('fills from waiting over running to what came of it, task by task, seed by seed', () => {
    let nowMs = 0
    const grid = new EvaluationGrid(['a', 'b'], [7, 8], () => nowMs)
    expect(grid.snapshot()).toEqual({ cells: 'wwww', steps: [0, 0, 0, 0], done: 0, successes: 0, etaSeconds: null })
    grid.advanced('b', 7, 0)
    grid.advanced('b', 7, 12)
    nowMs = 3000
    grid.ended({ task: 'a', seed: 8, success: false, steps: 40 })
    expect(grid.snapshot()).toMatchObject({ cells: 'wfrw', steps: [0, 40, 12, 0], done: 1, successes: 0, etaSeconds: 9 })
    grid.ended({ task: 'b', seed: 7, success: true, steps: 30 })
    expect(grid.snapshot()).toMatchObject({ cells: 'wfsw', done: 2, successes: 1, etaSeconds: 3 })
  })

  it('does not take rollouts on record for a measure of time', () => {
    let nowMs = 0
    const grid = new EvaluationGrid(['a'], [0, 1, 2, 3], () => nowMs)
    grid.ended({ task: 'a', seed: 0, success: true, steps: 1 })
    grid.ended({ task: 'a', seed: 1, success: true, steps: 1 })
    grid.advanced('a', 2, 0)
    nowMs = 10_000
    expect(grid.snapshot().etaSeconds).toBeNull()
    grid.ended({ task: 'a', seed: 2, success: true, steps: 1 })
    expect(grid.snapshot().etaSeconds).toBe(10)
  })

  it('leaves alone what is no part of it', () => {
    const grid = new EvaluationGrid(['a'], [0])
    grid.ended({ task: 'z', seed: 0, success: true, steps: 1 })
    expect(grid.snapshot()).toMatchObject({ cells: 'w', done: 0 })
  })
})
