import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { float32, int32 } from '../../../../electron/base/host-tensor.ts'
import { exportPolicy, type ParityReport } from '../../../../electron/engine/exchange/export-policy.ts'
import { Desk } from '../../../../electron/engine/desk/desk.ts'
import { createRun, type RunFolder } from '../../../../electron/engine/runs/run-folder.ts'
import { runTrainingJob } from '../../../../electron/engine/training/training-job.ts'
import { normStatisticsSchema } from '../../../../electron/model/normalisation.ts'
import type { Home } from '../../../../electron/platform/paths.ts'
import { openModel, type ModelInput } from '../../../../electron/tensor/backends/onnx/open-model.ts'
import { recordSquares } from '../../../support/recorded-squares.ts'
import { temporaryHome } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

let home: Home

/** A run of a few steps on squares of `sizePx`, which the policy sees at 16. */
async function trained(name: string, overrides: Parameters<typeof smallConfig>[0], sizePx = 16): Promise<RunFolder> {
  await recordSquares(home, name, { sizePx })
  const config = smallConfig({ data: { dataset: name }, steps: 12, optimiser: { warmupSteps: 2, learningRate: 1e-2, emaDecay: 0.5 }, ...overrides })
  const run = await createRun(home, { name, config: { ...config, device: 'onnx-cpu', threads: 1 } })
  expect((await runTrainingJob({ runPath: run.path, home })).error).toBeNull()
  return run
}

const close = (report: ParityReport): void => {
  for (const parity of [report.random, report.dataset!]) {
    expect(parity.maxAbsError).toBeLessThan(1e-4)
    expect(parity.minCosine).toBeGreaterThan(0.99999)
  }
}

beforeAll(() => {
  home = temporaryHome()
})

describe('exportPolicy', { timeout: 120_000 }, () => {
  it('writes a file that repeats the policy in plain onnxruntime, and all that is needed to feed it', async () => {
    const run = await trained('same-size', {})
    const out = join(home.root, 'exported')
    const report = await exportPolicy({ home, runPath: run.path, out, samples: 4 })
    close(report)
    expect(report).toMatchObject({ run: run.identity.id, checkpointStep: 12, datasetNote: null })
    const read = (name: string): unknown => JSON.parse(readFileSync(join(out, name), 'utf8'))
    expect(read('parity.json')).toEqual(report)
    expect(normStatisticsSchema.safeParse(read('norm_stats.json')).success).toBe(true)
    expect(read('policy.json')).toMatchObject({
      inputs: { 'observation.images.front': { dtype: 'uint8', shape: [1, 16, 16, 3] }, 'observation.images.mirrored': { dtype: 'uint8' }, 'observation.state': { dtype: 'float32', shape: [1, 3] }, 'instruction': { dtype: 'int32', shape: [1, 8] }, 'noise': { optional: true, shape: [1, 4, 2] } },
      outputs: { action: { dtype: 'float32', shape: [1, 4, 2] } },
      stateNames: ['x', 'y', 'side'],
    })
    await using model = await openModel(join(out, 'policy.onnx'))
    expect([...model.inputNames].sort()).toEqual(['instruction', 'observation.images.front', 'observation.images.mirrored', 'observation.state'].sort())
    expect(model.outputNames).toEqual(['action'])
    // The comparison means something: what the policy sees decides what it does.
    const act = async (level: number): Promise<number[]> => {
      const picture: ModelInput = { dtype: 'uint8', shape: [1, 16, 16, 3], data: new Uint8Array(768).fill(level) }
      const { action } = await model.run({ 'observation.images.front': picture, 'observation.images.mirrored': picture, 'observation.state': float32(new Float32Array(3), [1, 3]), 'instruction': int32(new Int32Array(8).fill(5), [1, 8]) })
      return [...action!]
    }
    const [dark, bright] = [await act(0), await act(255)]
    expect(Math.max(...dark.map((value, index) => Math.abs(value - bright[index]!)))).toBeGreaterThan(1e-3)
    await expect(exportPolicy({ home, runPath: run.path, out, samples: 1 })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('exists already') as string })
    // The same from the page, into a folder of the home.
    const desk = new Desk(home, { onReplayProgress: () => {}, onWarning: () => {} })
    try {
      const { path, checkpointStep, dataset } = await desk.exportPolicy({ runPath: run.path })
      expect(path.startsWith(join(home.root, 'exports', run.identity.id))).toBe(true)
      expect(existsSync(join(path, 'policy.onnx'))).toBe(true)
      expect(checkpointStep).toBe(12)
      expect(dataset!.maxAbsError).toBeLessThan(1e-4)
    } finally {
      desk.dispose()
    }
  })

  it('has the resizing inside: pictures come in the size that the dataset has', async () => {
    const run = await trained('larger', { action: { variant: 'pi05', width: 16, mlpRatio: 2, chunk: 4, replanSteps: 2, flowTimesPerPrefix: 2, eulerSteps: 4 }, data: { dataset: 'larger', normalisation: 'quantile' } }, 24)
    const out = join(home.root, 'exported-larger')
    const report = await exportPolicy({ home, runPath: run.path, out, samples: 4 })
    close(report)
    expect(JSON.parse(readFileSync(join(out, 'policy.json'), 'utf8'))).toMatchObject({ inputs: { 'observation.images.front': { shape: [1, 24, 24, 3] } } })
  })

  it('leaves nothing behind when it cannot', async () => {
    const run = await createRun(home, { name: 'untrained', config: smallConfig({ data: { dataset: 'same-size' } }) })
    const out = join(home.root, 'never')
    await expect(exportPolicy({ home, runPath: run.path, out, samples: 1 })).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(out)).toBe(false)
  })
})
