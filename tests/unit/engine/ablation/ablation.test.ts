import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { ablationSpecSchema, type AblationSpecInput } from '../../../../electron/contract/ablation.ts'
import { tableCells, tableCsv } from '../../../../electron/contract/ablation-table.ts'
import { createAblation } from '../../../../electron/engine/ablation/ablation-creation.ts'
import { openAblation, readAblation } from '../../../../electron/engine/ablation/ablation-folder.ts'
import { runAblation } from '../../../../electron/engine/ablation/ablation-job.ts'
import { parseAblation, planAblation } from '../../../../electron/engine/ablation/ablation-plan.ts'
import { readStatus } from '../../../../electron/engine/runs/run-folder.ts'
import type { Home } from '../../../../electron/platform/paths.ts'
import { recordSquares } from '../../../support/recorded-squares.ts'
import { temporaryHome } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

/** Action heads alone, a few steps each; validation losses are compared. */
function spec(change: Partial<AblationSpecInput> = {}) {
  const { preset: _preset, seed: _seed, ...config } = smallConfig({ data: { dataset: 'squares' }, motion: { target: 'none' }, steps: 4, checkpointEvery: 2, validateEvery: 2 })
  return ablationSpecSchema.parse({
    name: 'Sizes',
    base: { ...config, device: 'onnx-cpu', threads: 1 },
    factors: [{ field: 'action.width', values: [16, 24] }],
    seeds: [0, 1],
    evaluation: { seedsPerTask: 0 },
    ...change,
  })
}

describe('the plan', () => {
  const factors: AblationSpecInput['factors'] = [
    { field: 'motion.target', values: ['none', 'words'] },
    { name: 'rate', levels: [{ label: 'usual', set: {} }, { label: 'slow', set: { 'optimiser.learningRate': 1e-4, 'optimiser.warmupSteps': 5 } }, { label: 'constant', set: { 'optimiser.schedule': 'constant' } }] },
  ]

  it('has every combination of levels, the baseline first, or one change at a time', () => {
    expect(planAblation(spec({ factors })).arms.map(({ label }) => label)).toEqual(['target=none, usual', 'target=none, slow', 'target=none, constant', 'target=words, usual', 'target=words, slow', 'target=words, constant'])
    expect(planAblation(spec({ factors, design: 'one-at-a-time' })).arms.map(({ label }) => label)).toEqual(['target=none, usual', 'target=words, usual', 'target=none, slow', 'target=none, constant'])
    const { cells } = planAblation(spec({ factors, seeds: [3, 4] }))
    expect(cells).toHaveLength(12)
    expect(cells.slice(0, 7).map(({ arm, seed }) => [arm, seed])).toEqual([[0, 3], [1, 3], [2, 3], [3, 3], [4, 3], [5, 3], [0, 4]])
    expect(cells[4]!.config).toMatchObject({ seed: 3, motion: { target: 'words' }, optimiser: { learningRate: 1e-4, warmupSteps: 5 } })
  })

  it('names what is wrong before anything runs', () => {
    expect(() => planAblation(spec({ factors: [{ field: 'action.with', values: [1] }] }))).toThrow(/The arm "with=1" is not valid: there is no field "with" in action; did you mean "width"\?/)
    expect(() => planAblation(spec({ factors: [{ field: 'action.width', values: [16, 'wide'] }] }))).toThrow(/action.width is "wide", expected a number/)
    expect(() => planAblation(spec({ seeds: [1, 1] }))).toThrow(/"seed 1" twice/)
    const twoOfOne: AblationSpecInput['factors'] = [{ field: 'action.width', values: [16, 24] }, { field: 'action.width', values: [24, 32] }]
    expect(() => planAblation(spec({ factors: twoOfOne }))).toThrow(/"width=24, width=24" twice/)
    expect(() => planAblation(spec({ preset: 'nanno' }))).toThrow(expect.objectContaining({ hint: expect.stringContaining('Did you mean "nano"') as string }))
    expect(() => parseAblation({ name: 'x', base: {}, factor: [] })).toThrow(/there is no field "factor"; did you mean "factors"\?/)
  })
})

describe('running', { timeout: 240_000 }, () => {
  let home: Home
  beforeAll(async () => {
    home = temporaryHome()
    await recordSquares(home)
  })

  it('trains every arm with every seed, goes on after an interruption without training anything twice, and ends in one table', async () => {
    const folder = await createAblation(home, spec())
    expect((await readAblation(home, folder)).state).toBe('queued')
    const pause = new AbortController()
    let steps = 0
    const first = await runAblation({
      home,
      folder,
      signal: pause.signal,
      onTraining: (event) => {
        if (event.type === 'step' && ++steps === 7) pause.abort()
      },
    })
    expect(first.state).toBe('paused')
    expect(first.cells.map(({ state }) => state)).toEqual(['done', 'waiting', 'waiting', 'waiting'])

    // The same description is the same ablation.
    const again = await createAblation(home, spec())
    expect(again.id).toBe(folder.id)
    const second = await runAblation({ home, folder: again, onTraining: (event) => event.type === 'step' && steps++ })
    expect(steps).toBe(16)
    expect(second.state).toBe('finished')
    expect(second.cells.map(({ state, runState }) => [state, runState])).toEqual(Array(4).fill(['done', 'finished']))
    const [base, arm] = second.table
    expect(base).toMatchObject({ label: 'width=16', seeds: [0, 1], success: null })
    expect(arm!.validation['val/action']!.difference!.low).toBeLessThan(arm!.validation['val/action']!.difference!.high)
    expect(tableCsv(second).split('\n')[0]).toContain('val/action_difference')
    expect(readFileSync(join(folder.path, 'table.csv'), 'utf8')).toBe(tableCsv(second))
    expect(tableCells(second)[2]![0]).toBe('width=24')
    expect(await readStatus(join(home.runs, second.cells[3]!.runId))).toMatchObject({ state: 'finished', step: 4 })

    // Nothing is left to do: it only reads.
    await runAblation({ home, folder: await openAblation(home, folder.id), onTraining: () => steps++ })
    expect(steps).toBe(16)
  })

  it('goes on with the others when one run fails, and says so', async () => {
    const folder = await createAblation(home, spec({ name: 'broken', seeds: [0], factors: [{ name: 'rate', levels: [{ label: 'mad', set: { 'optimiser.learningRate': 1e30, 'optimiser.warmupSteps': 0, 'optimiser.clipNorm': 1e30 } }, { label: 'usual', set: {} }, { label: 'huge', set: { batchSize: 50_000_000 } }] }] }))
    const failures: string[] = []
    const ablation = await runAblation({ home, folder, onFailure: (_cell, error) => failures.push(error.code) })
    expect(failures).toEqual(['numerics', 'out-of-memory'])
    expect(ablation.state).toBe('failed')
    expect(ablation.cells.map(({ state }) => state)).toEqual(['failed', 'done', 'failed'])
    expect(ablation.table[0]!.seeds).toEqual([])
  })
})
