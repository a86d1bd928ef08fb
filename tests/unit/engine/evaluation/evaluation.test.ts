/** A real policy, trained for a few steps on the built-in tabletop, judged in closed loop: what is kept, and that twice is the same. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { recordDemonstrations } from '../../../../electron/commands/recording.ts'
import type { Context } from '../../../../electron/commands/context.ts'
import { evaluateRun, type RunEvaluationOptions } from '../../../../electron/engine/evaluation/evaluation.ts'
import { createRun, runFile, type RunFolder } from '../../../../electron/engine/runs/run-folder.ts'
import { readEvaluations } from '../../../../electron/engine/runs/run-summary.ts'
import { runTrainingJob } from '../../../../electron/engine/training/training-job.ts'
import type { Home } from '../../../../electron/platform/paths.ts'
import { temporaryHome } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

const task = 'tabletop-goal/push-button'
let home: Home
let run: RunFolder

beforeAll(async () => {
  home = temporaryHome()
  const context = { signal: new AbortController().signal, progress: { start: () => {}, finish: () => {}, update: () => {} }, note: () => {} } as unknown as Context
  await recordDemonstrations(context, { tasks: [task], episodesPerTask: 2, path: join(home.datasets, 'buttons'), sizePx: 16, horizonSteps: 3, noise: false, workers: 1 })
  const config = smallConfig({ data: { dataset: 'buttons', cameras: ['agentview'], validationFraction: 0 }, action: { width: 16, mlpRatio: 2, chunk: 10, replanSteps: 10, flowTimesPerPrefix: 2, eulerSteps: 2 }, motion: { target: 'none' }, steps: 2, validateEvery: 2, checkpointEvery: 2 })
  run = await createRun(home, { name: 'buttons', config: { ...config, device: 'onnx-cpu', threads: 1 } })
  expect((await runTrainingJob({ runPath: run.path, home })).error).toBeNull()
}, 240_000)

const evaluate = (seeds: readonly number[], options: Partial<RunEvaluationOptions> = {}) => evaluateRun(home, run, 2, { tasks: [task], seeds, workers: 2, now: () => 0, ...options })
const file = (name: string): string => join(runFile.rollouts(run.path), name)
/** Rollouts of a log in the order of their seeds: that in which they end is the machine's. */
const lines = (name: string): string[] => readFileSync(file(name), 'utf8').split('\n').slice(1).filter((line) => line !== '').sort()

describe('an evaluation of a run', { timeout: 240_000 }, () => {
  it('is the same to the byte when it is played again, actions and all', async () => {
    await evaluate([20_000, 20_001])
    const [json, rollouts] = [readFileSync(file('evaluation-2.json'), 'utf8'), lines('evaluation-2.ndjson')]
    rmSync(runFile.rollouts(run.path), { recursive: true })
    await evaluate([20_000, 20_001], { workers: 1 })
    expect(readFileSync(file('evaluation-2.json'), 'utf8')).toBe(json)
    expect(lines('evaluation-2.ndjson')).toEqual(rollouts)
    expect(rollouts).toHaveLength(2)
  })

  it('keeps what was played until it was stopped by hand, as stopped early, and forgets that once it is whole', async () => {
    const stop = new AbortController()
    await expect(evaluate([20_000, 20_001, 20_002], { signal: stop.signal, onSteps: () => stop.abort() })).rejects.toMatchObject({ code: 'interrupted' })
    const [kept] = await readEvaluations(run.path)
    expect(kept).toMatchObject({ total: { n: 2 }, stoppedEarly: { plannedSeeds: 3, reason: expect.stringMatching(/^it was stopped by hand/) as string } })
    await evaluate([20_000, 20_001, 20_002])
    const [whole] = await readEvaluations(run.path)
    expect(whole).toMatchObject({ total: { n: 3 } })
    expect(whole!.stoppedEarly).toBeUndefined()
    expect(whole!.total.high - whole!.total.low).toBeLessThan(kept!.total.high - kept!.total.low)
  })

  it('says that its rule ended it, unless all that was left out is on record', async () => {
    const until = (played: readonly unknown[]) => (played.length === 2 ? 'two are enough' : null)
    const { stoppedEarly, rollouts } = await evaluate([20_000, 20_001, 20_002], { until })
    expect([stoppedEarly, rollouts.length]).toEqual([{ plannedSeeds: 3, reason: 'two are enough' }, 2])
    expect((await readEvaluations(run.path))[0]!.stoppedEarly).toBeUndefined()
    await evaluate([20_000, 20_001, 20_002, 20_003], { until })
    expect((await readEvaluations(run.path))[0]).toMatchObject({ total: { n: 3 }, stoppedEarly: { plannedSeeds: 4, reason: 'two are enough' } })
  })

  it('under held-out instructions is kept apart from what the run is judged by', async () => {
    const usual = readFileSync(file('evaluation-2.ndjson'), 'utf8')
    await evaluate([20_000], { phrasing: 'held-out' })
    expect(existsSync(file('phrased-held-out-2.json'))).toBe(true)
    expect(readFileSync(file('evaluation-2.ndjson'), 'utf8')).toBe(usual)
    expect(await readEvaluations(run.path)).toHaveLength(1)
  })
})
