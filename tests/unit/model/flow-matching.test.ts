import { beforeAll, describe, expect, it } from 'vitest'
import type { Tensor } from '@tensorflow/tfjs-core'
import { Rng } from '../../../electron/base/rng.ts'
import { diffusionTimeEmbedding, flowTimeEmbedding } from '../../../electron/model/embeddings.ts'
import { drawTimes, eulerPath, interpolate, targetVelocity } from '../../../electron/model/flow-matching.ts'
import { maskedScore, prefixMask, suffixMask, suffixVisibility } from '../../../electron/model/masks.ts'
import { patchify, unpatchify } from '../../../electron/model/motion-dit.ts'
import { fold, unfold } from '../../../electron/model/autoencoder-kl.ts'
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { tf } from '../../../electron/tensor/tf.ts'

beforeAll(() => {
  openCpuProvider().eager(() => {})
})

describe('flow matching with openpi\'s sign', () => {
  it('is the noise at time 1 and the data at time 0', () => {
    const data = tf.tensor2d([[1, 2], [3, 4]])
    const noise = tf.tensor2d([[10, 20], [30, 40]])
    expect(interpolate(data, noise, tf.tensor1d([1, 0])).arraySync()).toEqual([[10, 20], [3, 4]])
    expect(targetVelocity(data, noise).arraySync()).toEqual([[9, 18], [27, 36]])
  })

  it('walks from noise to data exactly when the velocity is the true one', () => {
    const data = tf.tensor2d([[1, -2]])
    const noise = tf.tensor2d([[0.5, 3]])
    const times: number[] = []
    const path = eulerPath(noise, 4, (_x, time) => {
      times.push(...time.dataSync())
      return targetVelocity(data, noise)
    })
    expect(times).toEqual([1, 0.75, 0.5, 0.25])
    expect(path).toHaveLength(5)
    path.at(-1)!.dataSync().forEach((value, index) => expect(value).toBeCloseTo(data.dataSync()[index]!, 6))
  })

  it('draws Beta(1.5, 1) * 0.999 + 0.001, uniform and logit-normal times', () => {
    const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const beta = drawTimes(new Rng(1), 100_000, 'beta')
    expect(beta.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(0.001)
    expect(beta.reduce((a, b) => Math.max(a, b))).toBeLessThanOrEqual(1)
    expect(mean(beta)).toBeCloseTo(0.6 * 0.999 + 0.001, 2)
    // P(Beta(1.5, 1) < x) = x^1.5
    expect(beta.filter((value) => value < 0.5 * 0.999 + 0.001).length / beta.length).toBeCloseTo(0.5 ** 1.5, 2)
    expect(mean(drawTimes(new Rng(2), 20_000, 'uniform'))).toBeCloseTo(0.5, 1)
    const logit = drawTimes(new Rng(3), 20_000, 'logit-normal')
    expect(logit.filter((value) => value < 1 / (1 + Math.exp(1))).length / logit.length).toBeCloseTo(0.1587, 1)
  })
})

describe('time embeddings', () => {
  it('are openpi\'s periods from 4e-3 to 4, sines first', () => {
    const [row] = flowTimeEmbedding(tf.tensor1d([0.3]), 8).arraySync() as number[][]
    const periods = [0, 1, 2, 3].map((index) => 4e-3 * 1000 ** (index / 3))
    periods.forEach((period, index) => {
      expect(row![index]).toBeCloseTo(Math.sin((2 * Math.PI * 0.3) / period), 3)
      expect(row![index + 4]).toBeCloseTo(Math.cos((2 * Math.PI * 0.3) / period), 3)
    })
  })

  it('are DiT\'s frequencies on a time stretched by 1000, cosines first', () => {
    const [row] = diffusionTimeEmbedding(tf.tensor1d([0.25]), 4).arraySync() as number[][]
    const angles = [250, 250 / 100]
    expect(row![0]).toBeCloseTo(Math.cos(angles[0]!), 3)
    expect(row![1]).toBeCloseTo(Math.cos(angles[1]!), 4)
    expect(row![2]).toBeCloseTo(Math.sin(angles[0]!), 3)
  })
})

describe('block mask', () => {
  it('lets actions see state and their own group, the state only itself, and no group another', () => {
    expect(suffixVisibility(1, 2, 2).map((row) => row.map(Number).join(''))).toEqual(['10000', '11100', '11100', '10011', '10011'])
    expect(suffixVisibility(0, 2, 1).map((row) => row.map(Number).join(''))).toEqual(['11', '11'])
  })

  it('hides padded instruction tokens from everything and nothing else of the prefix', () => {
    const prefix = prefixMask(tf.tensor2d([[1, 0]]), 2)
    expect(prefix.shape).toEqual([1, 1, 1, 4])
    const hidden = Math.fround(maskedScore)
    expect([...prefix.dataSync()].map((value) => value + 0)).toEqual([0, 0, 0, hidden])
    const full = suffixMask(prefix, suffixVisibility(1, 1, 1))
    expect(full.shape).toEqual([1, 1, 2, 6])
    expect([...full.dataSync()].map((value) => (value === hidden ? 0 : 1)).join('')).toBe('111010' + '111011')
  })
})

describe('patches', () => {
  it('come back as they were, row, column and channel inside a patch as in DiT', () => {
    const latent = tf.reshape(tf.range(0, 2 * 3 * 4 * 4), [2, 3, 4, 4]) as never
    const tokens = patchify(latent, 2)
    expect(tokens.shape).toEqual([2, 4, 12])
    expect([...(tf.slice(tokens, [0, 0, 0], [1, 1, 12]) as Tensor).dataSync()]).toEqual([0, 16, 32, 1, 17, 33, 4, 20, 36, 5, 21, 37])
    expect([...unpatchify(tokens, 3, 4, 4, 2).dataSync()]).toEqual([...(latent as Tensor).dataSync()])
  })

  it('fold pixels as PyTorch\'s pixel_unshuffle and unfold them again', () => {
    const picture = tf.reshape(tf.range(0, 2 * 4 * 4), [1, 2, 4, 4]) as never
    const folded = fold(picture, 2)
    expect(folded.shape).toEqual([1, 8, 2, 2])
    expect([...folded.dataSync()].slice(0, 8)).toEqual([0, 2, 8, 10, 1, 3, 9, 11])
    expect([...unfold(folded, 2).dataSync()]).toEqual([...(picture as Tensor).dataSync()])
  })
})
