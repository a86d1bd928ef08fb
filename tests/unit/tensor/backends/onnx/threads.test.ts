import { expect, test } from 'vitest'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { float32, int32, type HostTensors } from '../../../../../electron/base/host-tensor.ts'
import { Rng } from '../../../../../electron/base/rng.ts'
import { actionSpecs, sampleActions } from '../../../../../electron/model/dual-head.ts'
import { liberoDimensions } from '../../../../../electron/model/parameter-counts.ts'
import { initialise } from '../../../../../electron/model/parameters.ts'
import { pictureLayout } from '../../../../../electron/model/picture-layout.ts'
import { presetConfig } from '../../../../../electron/model/presets.ts'
import { threadsFor } from '../../../../../electron/tensor/backends/onnx/compile.ts'
import { openOnnxProvider } from '../../../../../electron/tensor/backends/onnx/provider.ts'
import { expectIdentical } from '../../../../support/training.ts'

test('a step of small operators takes one thread, one of large operators what it may', () => {
  expect(threadsFor({ flops: 116e6, operators: 1789 }, 0)).toBe(1)
  expect(threadsFor({ flops: 937e6, operators: 3136 }, 0)).toBe(0)
  expect(threadsFor({ flops: 937e6, operators: 3136 }, 4)).toBe(4)
})

test('the number of threads changes no bit of what a policy does', { timeout: 120_000 }, async () => {
  const config = presetConfig('nano', 'x')
  const batch = 16
  const rng = new Rng(5, 0)
  const random = (...shape: number[]) => float32(rng.normals(shape.reduce((product, extent) => product * extent, 1)), shape)
  const inputs: HostTensors = {
    images: random(batch * config.data.cameras.length, ...pictureLayout(config).shape),
    ids: int32(new Int32Array(batch * config.backbone.maxTextTokens).fill(7), [batch, config.backbone.maxTextTokens]),
    mask: float32(new Float32Array(batch * config.backbone.maxTextTokens).fill(1), [batch, config.backbone.maxTextTokens]),
    state: random(batch, liberoDimensions.state),
    noise: random(batch, config.action.chunk, liberoDimensions.action),
  }
  // Parameters that begin at zero would make every policy the same.
  const parameters = Object.fromEntries(Object.entries(initialise(actionSpecs(config, liberoDimensions), 0)).map(([name, { shape, data }]) => [name, float32(Float32Array.from(data, (value) => Number(value) + 0.02 * rng.normals(1)[0]!), shape)]))
  const results: HostTensors[] = []
  for (const threads of [1, 2, 3]) {
    const provider = openOnnxProvider('onnx-cpu', 'cpu', { threads })
    const state = provider.createState(parameters)
    const step = provider.compile((own, { images, ids, mask, state: proprioception, noise }) => ({ outputs: { actions: sampleActions(config, own, { images: images!, textIds: ids as Tensor2D, textMask: mask as Tensor2D }, proprioception as Tensor2D, noise!, 4) } }), { name: 'acting' })
    results.push(await step.run(state, inputs))
    step.dispose()
    provider.dispose()
  }
  expectIdentical(results[0]!, results[1]!)
  expectIdentical(results[0]!, results[2]!)
})
