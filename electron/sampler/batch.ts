import { float32, int32, type HostTensor, type HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import { normalise, type NormStatistics } from '../model/normalisation.ts'
import { pictureLayout, planesLayout, writePicture, type PictureLayout } from '../model/picture-layout.ts'
import type { Tokenizer } from '../model/tokenizer.ts'
import type { EpisodeMemory } from './memory.ts'
import type { Shifts } from './shifts.ts'

/** Motion images alone, [B, 3, S, S] in [-1, 1], each moved by its own (x, y) pixels: what the VAE encodes. */
export function motionPlanes(motion: Uint8Array, layout: PictureLayout, samples: Int32Array, shift: (row: number) => readonly [x: number, y: number]): HostTensor {
  const { sizePx } = layout
  const planes = 3 * sizePx * sizePx
  const images = new Float32Array(samples.length * planes)
  samples.forEach((sample, row) => {
    const [x, y] = shift(row)
    writePicture(layout, motion, sample * planes, x, y, images, row * planes)
  })
  return float32(images, [samples.length, 3, sizePx, sizePx])
}

/**
 * Turns sample indices into the model's inputs:
 * `images` [B * cameras, ...] (see `pictureLayout`), `text-ids` and `text-mask` [B, T], `state` [B, S], `actions` [B, C, A],
 * `action-mask` [B, C] and, where there are motion images, `motion-image` [B, 3, S, S] and `motion-weight` [B].
 */
export class BatchBuilder {
  #memory: EpisodeMemory
  #config: Pick<TrainConfig, 'data' | 'backbone' | 'action' | 'motion'>
  #state: Float32Array
  #action: Float32Array
  #layout: PictureLayout
  #planes: PictureLayout
  #texts: { ids: Int32Array; mask: Float32Array }[]

  constructor(memory: EpisodeMemory, config: Pick<TrainConfig, 'data' | 'backbone' | 'action' | 'motion'>, statistics: NormStatistics, tokenizer: Tokenizer) {
    this.#memory = memory
    this.#config = config
    this.#state = normalise(memory.state, statistics.norm_stats.state, config.data.normalisation, 'The state')
    this.#action = normalise(memory.action, statistics.norm_stats.actions, config.data.normalisation, 'The action')
    this.#layout = pictureLayout(config)
    this.#planes = planesLayout(memory.sizePx)
    this.#texts = memory.instructions.map((text) => tokenizer.encode(text, config.backbone.maxTextTokens))
  }

  /**
   * @param shifts zero where left out; the motion image moves with its camera's picture
   * @param wantsImages false where their latents are known already
   */
  build(samples: Int32Array, shifts?: Shifts, wantsImages = true): HostTensors {
    const { sizePx, pictures, stateDimension } = this.#memory
    const batch = samples.length
    const { maxTextTokens } = this.#config.backbone
    const planes = 3 * sizePx * sizePx
    const images = new Float32Array(batch * pictures.length * planes)
    const ids = new Int32Array(batch * maxTextTokens)
    const mask = new Float32Array(batch * maxTextTokens)
    const state = new Float32Array(batch * stateDimension)
    samples.forEach((sample, row) => {
      pictures.forEach((source, camera) => {
        const picture = row * pictures.length + camera
        writePicture(this.#layout, source, sample * planes, shifts?.[picture * 2] ?? 0, shifts?.[picture * 2 + 1] ?? 0, images, picture * planes)
      })
      const text = this.#texts[this.#memory.instruction[sample]!]!
      ids.set(text.ids, row * maxTextTokens)
      mask.set(text.mask, row * maxTextTokens)
      state.set(this.#state.subarray(sample * stateDimension, (sample + 1) * stateDimension), row * stateDimension)
    })
    return {
      'images': float32(images, [batch * pictures.length, ...this.#layout.shape]),
      'text-ids': int32(ids, [batch, maxTextTokens]),
      'text-mask': float32(mask, [batch, maxTextTokens]),
      'state': float32(state, [batch, stateDimension]),
      ...this.#chunks(samples),
      ...this.#motion(samples, shifts, wantsImages),
    }
  }

  /** Actions t, t + 1, ..., the episode's last repeated past its end, where the mask is 0. */
  #chunks(samples: Int32Array): HostTensors {
    const { chunk } = this.#config.action
    const { actionDimension, episodeEnd } = this.#memory
    const actions = new Float32Array(samples.length * chunk * actionDimension)
    const mask = new Float32Array(samples.length * chunk)
    samples.forEach((sample, row) => {
      for (let step = 0; step < chunk; step++) {
        const last = episodeEnd[sample]!
        const source = Math.min(sample + step, last) * actionDimension
        actions.set(this.#action.subarray(source, source + actionDimension), (row * chunk + step) * actionDimension)
        mask[row * chunk + step] = sample + step <= last ? 1 : 0
      }
    })
    return { 'actions': float32(actions, [samples.length, chunk, actionDimension]), 'action-mask': float32(mask, [samples.length, chunk]) }
  }

  #motion(samples: Int32Array, shifts: Shifts | undefined, wantsImages: boolean): HostTensors {
    const { motion, pictures, episodeEnd } = this.#memory
    if (!motion) return {}
    const { camera, maskEpisodeEnd, horizonSteps } = this.#config.motion
    const cameraIndex = this.#config.data.cameras.indexOf(camera)
    const weight = new Float32Array(samples.length).fill(1)
    samples.forEach((sample, row) => {
      if (maskEpisodeEnd && sample + horizonSteps > episodeEnd[sample]!) weight[row] = 0
    })
    const image = (): HostTensor =>
      motionPlanes(motion, this.#planes, samples, (row) => {
        const picture = row * pictures.length + cameraIndex
        return [shifts?.[picture * 2] ?? 0, shifts?.[picture * 2 + 1] ?? 0]
      })
    return { ...(wantsImages ? { 'motion-image': image() } : {}), 'motion-weight': float32(weight, [samples.length]) }
  }
}
