import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TrainConfig } from '../../../electron/contract/config.ts'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import { liberoDimensions } from '../../../electron/model/parameter-counts.ts'
import { vectorStatistics } from '../../../electron/model/normalisation.ts'
import { dualHeadSpecs } from '../../../electron/model/dual-head.ts'
import { Tokenizer } from '../../../electron/model/tokenizer.ts'
import { BatchBuilder } from '../../../electron/sampler/batch.ts'
import { loadEpisodes } from '../../../electron/sampler/memory.ts'
import { costOfStep } from '../../../electron/tensor/backends/onnx/cost.ts'
import { FlatParameters } from '../../../electron/trainer/flat-parameters.ts'
import { latentsOf } from '../../../electron/trainer/latents.ts'
import { drawNoise } from '../../../electron/trainer/noise.ts'
import { stepInputs, trainStepCost } from '../../../electron/trainer/step-cost.ts'
import { trainStep } from '../../../electron/trainer/train-step.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'
import { presetConfig } from '../../../electron/model/presets.ts'
import { tf } from '../../../electron/tensor/tf.ts'
import type { Tensor2D } from '@tensorflow/tfjs-core'

const dimensions = { state: 3, action: 2 }

describe('costOfStep', () => {
  it('counts 2 operations per multiply-add and what is alive at once', () => {
    // x [8, 4] w [4, 16]: 2 * 8 * 4 * 16 operations; tanh reads and writes [8, 16]; the mean is one number.
    const cost = costOfStep(({ w }, { x }) => ({ outputs: { mean: tf.mean(tf.tanh(tf.matMul(x as Tensor2D, w as Tensor2D))) } }), { w: { dtype: 'float32', shape: [4, 16] } }, { x: { dtype: 'float32', shape: [8, 4] } })
    expect(cost.matrixFlops).toBe(1024)
    expect(cost.peakBytes).toBe(2 * 8 * 16 * 4)
    expect(cost.flops).toBeGreaterThanOrEqual(1024 + 128)
    expect(cost.movedBytes).toBeGreaterThanOrEqual(3 * 512)
  })
})

describe('trainStepCost', () => {
  it('asks for the inputs that training really has', async () => {
    const config = smallConfig()
    const reader = loadEpisodes(movingSquares(), [0, 1], config)
    let next = await reader.next()
    while (!next.done) next = await reader.next()
    const memory = next.value
    const tokenizer = Tokenizer.train(memory.instructions, 300)
    const statistics = { norm_stats: { state: vectorStatistics(memory.state, 3), actions: vectorStatistics(memory.action, 2) } }
    const samples = Int32Array.of(0, 1, 2, 3)
    const built = {
      ...new BatchBuilder(memory, config, statistics, tokenizer).build(samples),
      ...drawNoise(config, 0, 1, 4, 2, true),
      'motion-latent': latentsOf(config, { rows: new Float32Array(10_000), variants: 1 }, samples),
    }
    const forms = Object.fromEntries(Object.entries(built).map(([name, { dtype, shape }]) => [name, { dtype, shape: [...shape] }]))
    const { 'learning-rate': _rate, step: _step, 'ema-decay': _decay, ...expected } = stepInputs(config, dimensions, 'latent')
    expect(forms).toEqual(expected)
  })

  const whole = (config: TrainConfig) => {
    const flat = new FlatParameters(dualHeadSpecs(config, dimensions))
    const groups = ['params/', 'adam-m/', 'adam-v/', 'ema/'].flatMap((group) => Object.entries(flat.forms()).map(([name, form]) => [group + name, form]))
    return costOfStep(trainStep(config, flat, 'latent'), Object.fromEntries(groups), stepInputs(config, dimensions, 'latent'))
  }

  it.each(['pico', 'nano', 'tiny'])('grows from small recordings to the whole step of %s', { timeout: 60_000 }, (name) => {
    const preset = presetConfig(name, 'x')
    // A batch that a test can afford: tiny's own is 64.
    const config = trainConfigSchema.parse({ ...preset, batchSize: Math.min(24, preset.batchSize) })
    const direct = whole(config)
    const grown = trainStepCost(config, dimensions, 'latent')(config.batchSize)
    expect(grown.matrixFlops).toBe(direct.matrixFlops)
    expect(grown.movedBytes / direct.movedBytes).toBeCloseTo(1, 1)
    expect(Math.abs(grown.peakBytes / direct.peakBytes - 1)).toBeLessThan(0.05)
    expect(Math.abs(grown.operators / direct.operators - 1)).toBeLessThan(0.15)
  })

  // tests/golden/model/count_flops.py counted them in PyTorch's own model of the same presets.
  it.each(readFileSync(new URL('../../golden/model/flops.ndjson', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { preset: string; batchSize: number; flops: number }))(
    'tells the operations that PyTorch counts for $preset within 15 %',
    { timeout: 60_000 },
    ({ preset, batchSize, flops }) => {
      const told = trainStepCost(presetConfig(preset, 'x'), liberoDimensions, 'latent')(batchSize).flops
      expect(Math.abs(told / flops - 1)).toBeLessThan(0.15)
    },
  )
})
