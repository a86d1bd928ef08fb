import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { DisposableStore } from '../base/disposable.ts'
import { float32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import type { RgbImage } from '../base/image.ts'
import { Rng } from '../base/rng.ts'
import type { TrainConfig } from '../contract/config.ts'
import { motionShape, usesLatent } from '../contract/motion-field.ts'
import { motionSentence } from '../flow/motion-words.ts'
import { decodeLatent } from '../model/autoencoder-kl.ts'
import { predictWords, sampleMotion } from '../model/dual-head.ts'
import { byCamera } from '../model/motion-dit.ts'
import { motionPicture, wordPicture } from '../model/motion-picture.ts'
import { under } from '../model/parameters.ts'
import { BatchBuilder } from '../sampler/batch.ts'
import { TargetWriter } from '../sampler/motion-targets.ts'
import { purposeSeed } from '../sampler/order.ts'
import type { DeviceState, Tensors } from '../tensor/provider.ts'
import { spread, type ValidationParts } from './validation.ts'

/** What the motion head imagines of one frame through one camera, beside the truth. */
export interface MotionSample {
  readonly camera: string
  readonly instruction: string
  readonly observed: RgbImage
  readonly truth: RgbImage
  readonly predicted: RgbImage
  /** Where the head speaks in words: the true and the predicted sentence. */
  readonly words: { readonly truth: string; readonly predicted: string } | null
}

const sampleCount = 4

const prefixInputs = (inputs: Tensors) => ({ images: inputs['images']!, textIds: inputs['text-ids'] as Tensor2D, textMask: inputs['text-mask'] as Tensor2D })

/**
 * Samples of the averaged motion head on a few evenly spread frames, all cameras of a frame one after another, from the
 * same noise at every call. Compiled at the first.
 */
export function prepareImagination({ config, held, provider, flat, statistics, tokenizer, vae }: ValidationParts, resources: DisposableStore): (state: DeviceState) => Promise<MotionSample[]> {
  const { target, control, eulerSteps, cameras, wordGrid } = config.motion
  const samples = spread(held.sampleCount, sampleCount)
  const shape = [samples.length, ...motionShape(config)]
  const noise = float32(new Rng(purposeSeed(config.seed, 'imagination'), 0).normals(sizeOf(shape)), shape)
  const inputs = { ...new BatchBuilder(held, config, statistics, tokenizer).build(samples), noise }
  const averages = (state: Tensors): Tensors => ({ ...under(state, 'frozen/'), ...flat.part(under(state, 'ema/')) })
  const imagine = resources.add(
    provider.compile(
      (state, given) => ({
        outputs: { predicted: target === 'words' ? predictWords(config, averages(state), prefixInputs(given)) : sampleMotion(config, averages(state), prefixInputs(given), given['noise'] as Tensor4D, eulerSteps).at(-1)! },
      }),
      { name: 'imagining', checkFinite: true },
    ),
  )
  const decoder = usesLatent(config) ? resources.add(provider.createState(vae!)) : null
  const decode = resources.add(provider.compile((p, { latent }) => ({ outputs: { images: decodeLatent(config, p, byCamera(latent as Tensor4D, cameras.length)) } }), { name: 'VAE decoder', checkFinite: true }))
  const shown = Array.from(samples).flatMap((sample) => cameras.map((camera) => observation(sample, camera)))
  const truths = new TargetWriter(held, { ...config, motion: { ...config.motion, control: control === 'static' ? 'static' : 'none' } })
  return async (state) => {
    const { predicted } = await imagine.run(state, inputs)
    if (target === 'words') return describe(truths.words(samples, undefined).data, predicted!.data)
    const planes = decoder ? (await decode.run(decoder, { latent: predicted! }))['images']!.data : predicted!.data
    const truth = truths.planes(samples, undefined)
    return shown.map((picture, at) => ({
      ...picture,
      truth: motionPicture(config, truth.data, (at * truth.data.length) / shown.length),
      predicted: motionPicture(config, planes, (at * planes.length) / shown.length),
      words: null,
    }))
  }

  function observation(sample: number, camera: string): Pick<MotionSample, 'camera' | 'instruction' | 'observed'> {
    const { sizePx, pictures, instructions, instruction } = held
    const bytes = sizePx * sizePx * 3
    const data = pictures[config.data.cameras.indexOf(camera)]!.slice(sample * bytes, (sample + 1) * bytes)
    return { camera, instruction: instructions[instruction[sample]!]!, observed: { width: sizePx, height: sizePx, data } }
  }

  function describe(truth: HostTensors[string]['data'], predicted: HostTensors[string]['data']): MotionSample[] {
    const cells = wordGrid * wordGrid
    return shown.map((picture, at) => {
      const own = truth.slice(at * cells, (at + 1) * cells)
      const guess = predicted.slice(at * cells, (at + 1) * cells)
      return { ...picture, truth: wordPicture(config, own), predicted: wordPicture(config, guess), words: { truth: motionSentence(own, wordGrid), predicted: motionSentence(guess, wordGrid) } }
    })
  }
}

/** Whether a run has anything to imagine. */
export const canImagine = (config: TrainConfig): boolean => config.motion.target !== 'none' && config.sampleEvery > 0
