import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { DisposableStore } from '../base/disposable.ts'
import { float32, type HostTensor, type HostTensors } from '../base/host-tensor.ts'
import { Rng } from '../base/rng.ts'
import type { TrainConfig } from '../contract/config.ts'
import { latentShape } from '../contract/motion-field.ts'
import { autoencoderLosses, autoencoderSpecs, decode, encode, latentScaleName, latentShiftName } from '../model/autoencoder-kl.ts'
import { checkAgainst, initialise, under, prefixed } from '../model/parameters.ts'
import { planesLayout } from '../model/picture-layout.ts'
import { motionPlanes } from '../sampler/batch.ts'
import { purposeSeed, SampleOrder } from '../sampler/order.ts'
import type { Provider, StepFunction } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import type { TrainEvent } from './events.ts'
import { FlatParameters } from './flat-parameters.ts'
import { adamW } from './optimiser.ts'
import { learningRateAt } from './schedule.ts'

/**
 * Keeps trained VAEs, and latents that they made, by a key of everything that shapes them, so that the second run on the
 * same data finds its own.
 */
export interface VaeCache {
  load(key: string): Promise<HostTensors | null | undefined>
  save(key: string, tensors: HostTensors): Promise<void>
  /** The imported autoencoder of that name. @throws KinoraError `not-found` */
  imported(name: string): Promise<HostTensors>
}

/** [N, S, S, 3] bytes. */
export interface MotionPictures {
  readonly data: Uint8Array
  readonly sizePx: number
  readonly count: number
}

const optimiser = { finalFraction: 0.05, warmupSteps: 20, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 }
/** Pictures that are reconstructed at once. */
export const reconstructionBatch = 16

/** Hash of the VAE's settings, the seed and the motion images themselves. */
export function vaeKey(config: TrainConfig, pictures: MotionPictures): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify({ version: 1, vae: config.vae, seed: config.seed, shift: config.data.randomShiftPx, sizePx: pictures.sizePx, count: pictures.count }))
  hash.update(pictures.data)
  return hash.digest('hex').slice(0, 32)
}

/** Motion images as the VAE sees them; shifted as in training, so that it knows what it will be shown. */
function planes({ data, sizePx }: MotionPictures, samples: Int32Array, shift: () => number = () => 0): HostTensor {
  return motionPlanes(data, planesLayout(sizePx), samples, () => [shift(), shift()])
}

export function vaeStep(config: TrainConfig, flat: FlatParameters): StepFunction {
  return (state, inputs) => {
    const flatParameters = under(state, 'params/')
    const parameters = flat.part(flatParameters)
    const names = Object.keys(parameters)
    const forward = (...values: never[]) => {
      const given = Object.fromEntries(names.map((name, index) => [name, values[index]!]))
      const { reconstruction, divergence } = autoencoderLosses(config, given, inputs['images'] as Tensor4D, inputs['noise'] as Tensor4D)
      return tf.stack([tf.add(reconstruction, tf.mul(divergence, config.vae.klWeight)), reconstruction, divergence])
    }
    const { value, grads } = tf.valueAndGrads(forward as never)(names.map((name) => parameters[name]!), tf.tensor1d([1, 0, 0]))
    const gradients = flat.join(Object.fromEntries(names.map((name, index) => [name, grads[index]!])))
    const moments = { first: under(state, 'adam-m/'), second: under(state, 'adam-v/') }
    const update = adamW(flatParameters, gradients, moments, { ...optimiser, learningRate: inputs['learning-rate']!, step: inputs['step']! })
    const [, reconstruction, divergence] = tf.unstack(value)
    return {
      state: { ...prefixed(update.params, 'params/'), ...prefixed(update.moments.first, 'adam-m/'), ...prefixed(update.moments.second, 'adam-v/') },
      outputs: { 'vae/reconstruction': reconstruction!, 'vae/divergence': divergence!, 'vae/grad-norm': update.gradNorm },
    }
  }
}

/** Trains the VAE on motion images; yields step events. @returns parameters under diffusers' names */
async function* optimise(config: TrainConfig, pictures: MotionPictures, provider: Provider, signal?: AbortSignal): AsyncGenerator<TrainEvent, HostTensors | null> {
  const specs = autoencoderSpecs(config)
  const flat = new FlatParameters(specs)
  const { steps, batchSize, learningRate } = config.vae
  const seed = purposeSeed(config.seed, 'vae')
  const order = new SampleOrder(seed, pictures.count)
  const [channels, height, width] = latentShape(config)
  const limit = config.data.randomShiftPx
  const resources = new DisposableStore()
  try {
    const state = resources.add(
      provider.createState({
        ...prefixed(flat.pack(initialise(specs, config.seed)), 'params/'),
        ...prefixed(flat.zeros(), 'adam-m/'),
        ...prefixed(flat.zeros(), 'adam-v/'),
      }),
    )
    const compiled = resources.add(provider.compile(vaeStep(config, flat), { name: 'VAE training step', checkFinite: true }))
    for (let step = 1; step <= steps; step++) {
      if (signal?.aborted) return null
      const shifts = new Rng(purposeSeed(seed, 'shift'), step)
      const noise = new Rng(purposeSeed(seed, 'noise'), step).normals(batchSize * channels * height * width)
      const rate = learningRateAt(step, steps, { ...optimiser, learningRate })
      const outputs = await compiled.run(state, {
        'images': planes(pictures, order.batch((step - 1) * batchSize, batchSize), () => (limit === 0 ? 0 : shifts.integer(2 * limit + 1) - limit)),
        'noise': float32(noise, [batchSize, channels, height, width]),
        'learning-rate': float32(Float32Array.of(rate), []),
        'step': float32(Float32Array.of(step), []),
      })
      yield { type: 'step', phase: 'vae', step, values: { ...scalars(outputs), 'vae/lr': rate } }
      await setImmediate()
    }
    return flat.unpack(under(await state.read(), 'params/'))
  } finally {
    resources.dispose()
  }
}

/** First entry of each output. */
export function scalars(outputs: HostTensors): Record<string, number> {
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, Number(tensor.data[0])]))
}

/** Up to `limit` pictures, evenly spread. */
function spread(count: number, limit: number): Int32Array {
  const size = Math.min(count, limit)
  return Int32Array.from({ length: size }, (_, index) => Math.floor((index * count) / size))
}

/** Mean and standard deviation of the posterior means, over all elements, as the two factors of the latent's scaling. */
async function measureLatents(config: TrainConfig, pictures: MotionPictures, provider: Provider, parameters: HostTensors): Promise<HostTensors> {
  const resources = new DisposableStore()
  try {
    const state = resources.add(provider.createState(parameters))
    const encodeStep = resources.add(provider.compile((p, inputs) => ({ outputs: { mean: encode(config, p, inputs['images'] as Tensor4D).mean } }), { name: 'VAE encoder' }))
    let sum = 0
    let squares = 0
    let count = 0
    for (const batch of batches(spread(pictures.count, 512), reconstructionBatch)) {
      const { mean } = await encodeStep.run(state, { images: planes(pictures, batch.samples) })
      const perPicture = mean!.data.length / batch.samples.length
      for (let index = 0; index < batch.valid * perPicture; index++) {
        const value = Number(mean!.data[index])
        sum += value
        squares += value * value
        count++
      }
    }
    const mean = sum / count
    const std = Math.sqrt(Math.max(1e-12, squares / count - mean * mean))
    return { [latentShiftName]: float32(Float32Array.of(mean), [1]), [latentScaleName]: float32(Float32Array.of(1 / std), [1]) }
  } finally {
    resources.dispose()
  }
}

/** Batches of one size; the last is filled with its own first sample, `valid` says how many count. */
export function* batches(samples: Int32Array, size: number): Generator<{ start: number; samples: Int32Array; valid: number }> {
  for (let start = 0; start < samples.length; start += size) {
    const part = samples.subarray(start, start + size)
    const full = new Int32Array(size).fill(part[0]!)
    full.set(part)
    yield { start, samples: full, valid: part.length }
  }
}

/** Squared error of the reconstruction from posterior means, a number a picture. */
export function reconstructionStep(config: TrainConfig): StepFunction {
  return (p, inputs) => {
    const images = inputs['images'] as Tensor4D
    const error = tf.sub(tf.clipByValue(decode(config, p, encode(config, p, images).mean), -1, 1), images)
    return { outputs: { mse: tf.mean(tf.square(error), [1, 2, 3]) } }
  }
}

/** Pictures that a reconstruction is judged by. */
const judgedPictures = 128

/**
 * Peak signal to noise ratio of the reconstruction from posterior means, in dB. Yields how many pictures were looked at:
 * Stable Diffusion's autoencoder takes seconds for each on a processor.
 */
async function* reconstructionPsnr(config: TrainConfig, pictures: MotionPictures, provider: Provider, vae: HostTensors): AsyncGenerator<number, number> {
  const resources = new DisposableStore()
  try {
    const state = resources.add(provider.createState(vae))
    const compiled = resources.add(provider.compile(reconstructionStep(config), { name: 'VAE reconstruction' }))
    let sum = 0
    let count = 0
    for (const batch of batches(spread(pictures.count, judgedPictures), reconstructionBatch)) {
      const { mse } = await compiled.run(state, { images: planes(pictures, batch.samples) })
      for (let index = 0; index < batch.valid; index++) sum += Number(mse!.data[index])
      count += batch.valid
      yield count
    }
    // Values span [-1, 1]: the peak is 2.
    return 10 * Math.log10(4 / Math.max(sum / count, 1e-12))
  } finally {
    resources.dispose()
  }
}

/**
 * The frozen VAE of a run: imported, from the cache, or trained now. Tells its reconstruction PSNR on `held` (motion images that it
 * was not trained on, where there are any) before anything is built on it.
 * @returns tensors under diffusers' names with the two latent factors, or null when aborted
 */
export async function* vaePhase(
  config: TrainConfig,
  pictures: MotionPictures,
  held: MotionPictures,
  provider: Provider,
  cache: VaeCache,
  signal?: AbortSignal,
): AsyncGenerator<TrainEvent, { key: string; tensors: HostTensors } | null> {
  const { weights } = config.vae
  const key = weights === null ? vaeKey(config, pictures) : `imported-${weights}`
  const cached = await (weights === null ? cache.load(key) : cache.imported(weights))
  let tensors: HostTensors
  if (cached) {
    yield { type: 'phase', phase: 'vae', totalSteps: Math.min(judgedPictures, held.count) }
    checkAgainst(autoencoderSpecs(config), cached, weights === null ? 'The cached VAE' : `The imported autoencoder "${weights}"`)
    tensors = cached
  } else {
    yield { type: 'phase', phase: 'vae', totalSteps: config.vae.steps }
    const parameters = yield* optimise(config, pictures, provider, signal)
    if (parameters === null) return null
    tensors = { ...parameters, ...(await measureLatents(config, pictures, provider, parameters)) }
    await cache.save(key, tensors)
  }
  const judging = reconstructionPsnr(config, held, provider, tensors)
  let judged = await judging.next()
  for (; !judged.done; judged = await judging.next()) {
    if (signal?.aborted) return null
    if (cached) yield { type: 'progress', phase: 'vae', step: judged.value, totalSteps: Math.min(judgedPictures, held.count) }
  }
  yield { type: 'vae', isCached: Boolean(cached), key, values: { 'vae/psnr': judged.value } }
  return { key, tensors }
}
