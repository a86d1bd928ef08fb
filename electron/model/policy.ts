import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { DisposableStore, type Disposable } from '../base/disposable.ts'
import { float32, int32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import type { RgbImage } from '../base/image.ts'
import { Rng } from '../base/rng.ts'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import { motionFieldShape, motionShape, usesLatent } from '../contract/motion-field.ts'
import type { CompiledStep, DeviceState, Provider, StepFunction, Tensors } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import { autoencoderSpecs, decodeLatent } from './autoencoder-kl.ts'
import { actionSpecs, hasMotionHead, imagineSpecs, predictWords, requireActionHead, sampleActions, sampleMotion } from './dual-head.ts'
import { motionPicture, wordPicture } from './motion-picture.ts'
import { denormalise, normalise } from './normalisation.ts'
import { checkAgainst, hashName, prefixed, under } from './parameters.ts'
import { pictureLayout, writePicture } from './picture-layout.ts'
import { resizeToSquare } from './pixels.ts'
import { parseSnapshotMeta, type SnapshotMeta } from './snapshot-meta.ts'
import { Tokenizer } from './tokenizer.ts'

/** A stored checkpoint, read group by group so that acting never touches the motion head, the VAE or the optimiser. */
export interface PolicyCheckpoint {
  readonly meta: unknown
  /** Tensors whose names begin with `<group>/`, under their full names. */
  read(group: 'ema' | 'motion' | 'vae'): Promise<HostTensors>
}

export interface PolicyObservation {
  /** Pictures of any size by camera name; cameras that the policy does not know are ignored. */
  readonly images: Readonly<Record<string, RgbImage>>
  /** Proprioception as in the dataset, not normalised. */
  readonly state: ArrayLike<number>
  readonly instruction: string
}

export interface InferOptions {
  /** Flow starts at the mean or at a draw that depends on `seed`. Actions follow `action.startNoise` where left out. */
  readonly noise?: 'zero' | 'seeded'
  readonly seed?: number
  /** Which row of the seed's noise each observation gets; its place in the batch where left out. */
  readonly noiseRows?: readonly number[]
  /** Euler steps; the configuration's where left out. */
  readonly steps?: number
  /** Which of `motion.cameras` to imagine the motion of; the first where left out. */
  readonly camera?: string
}

export interface Policy extends Disposable {
  readonly config: TrainConfig
  readonly meta: SnapshotMeta
  /** Action chunks in the robot's units, [chunk * actionDimension] each, in the order of the batch. */
  infer(batch: readonly PolicyObservation[], options?: InferOptions): Promise<Float32Array[]>
  /** Motion images that the motion head predicts, one per observation. Loads that head and the VAE at the first call. */
  imagine(batch: readonly PolicyObservation[], options?: InferOptions): Promise<RgbImage[]>
  /** As {@link imagine}, with the picture after every Euler step: `steps + 1` pictures per observation, noise first (one where words are predicted). */
  imagineSteps(batch: readonly PolicyObservation[], options?: InferOptions): Promise<RgbImage[][]>
}

/** Batches are filled up to one of these sizes, so that few sizes are ever compiled. Larger ones are cut into parts. */
const batchSizes = [1, 2, 4, 8, 16, 32]

export async function loadPolicy({ provider, checkpoint, config }: { provider: Provider; checkpoint: PolicyCheckpoint; config?: TrainConfig }): Promise<Policy> {
  const meta = parseSnapshotMeta(checkpoint.meta)
  const effective = config ?? meta.config
  const averages = under(await checkpoint.read('ema'), 'ema/')
  checkAgainst(actionSpecs(effective, meta.dimensions), averages, 'The checkpoint')
  return new LoadedPolicy(provider, checkpoint, effective, meta, averages)
}

class LoadedPolicy implements Policy {
  readonly config: TrainConfig
  readonly meta: SnapshotMeta
  #provider: Provider
  #checkpoint: PolicyCheckpoint
  #tokenizer: Tokenizer
  #averages: HostTensors
  #acting: DeviceState
  #imagination: Promise<DeviceState> | null = null
  #compiled = new Map<string, CompiledStep>()
  #resources = new DisposableStore()

  constructor(provider: Provider, checkpoint: PolicyCheckpoint, config: TrainConfig, meta: SnapshotMeta, averages: HostTensors) {
    this.config = config
    this.meta = meta
    this.#provider = provider
    this.#checkpoint = checkpoint
    this.#tokenizer = new Tokenizer(meta.tokenizer)
    this.#averages = averages
    this.#acting = this.#resources.add(provider.createState(averages))
  }

  async infer(batch: readonly PolicyObservation[], options: InferOptions = {}): Promise<Float32Array[]> {
    requireActionHead(this.config)
    const { chunk, eulerSteps, startNoise } = this.config.action
    const { action } = this.meta.dimensions
    const steps = options.steps ?? eulerSteps
    const compiled = this.#compile(`acting, ${steps} Euler steps`, (parameters, inputs) => ({
      outputs: { actions: sampleActions(this.config, parameters, prefixInputs(inputs), inputs['state'] as Tensor2D, inputs['noise']!, steps) },
    }))
    const chunks: Float32Array[] = []
    for (const part of parts(batch)) {
      const noise = this.#noise(part.padded.length, chunk * action, options, startNoise === 'zero' ? 'zero' : 'seeded', part.start)
      const inputs = { ...this.#prefixInputs(part.padded), ...this.#stateInput(part.padded), noise: float32(noise, [part.padded.length, chunk, action]) }
      const { actions } = await compiled.run(this.#acting, inputs)
      const values = denormalise(actions!.data as Float32Array, this.meta.statistics.norm_stats.actions, this.config.data.normalisation, 'The action')
      for (let row = 0; row < part.count; row++) chunks.push(values.slice(row * chunk * action, (row + 1) * chunk * action))
    }
    return chunks
  }

  async imagine(batch: readonly PolicyObservation[], options: InferOptions = {}): Promise<RgbImage[]> {
    return (await this.#imagine(batch, options, false)).map((pictures) => pictures.at(-1)!)
  }

  imagineSteps(batch: readonly PolicyObservation[], options: InferOptions = {}): Promise<RgbImage[][]> {
    return this.#imagine(batch, options, true)
  }

  async #imagine(batch: readonly PolicyObservation[], options: InferOptions, wantsSteps: boolean): Promise<RgbImage[][]> {
    if (!hasMotionHead(this.config)) {
      throw new KinoraError('config-invalid', 'This policy was trained without a motion head (motion.target "none"), so it imagines nothing.', 'Choose a run that was trained jointly.')
    }
    const state = await (this.#imagination ??= this.#loadImagination())
    const camera = motionCameraIndex(this.config, options.camera)
    if (this.config.motion.target === 'words') return this.#imagineWords(state, batch, camera)
    const shape = motionShape(this.config)
    const size = sizeOf(shape)
    const own = motionFieldShape(this.config)
    const steps = options.steps ?? this.config.motion.eulerSteps
    const sample = this.#compile(`imagining, ${steps} Euler steps`, (parameters, inputs) => ({
      outputs: { path: stack(sampleMotion(this.config, parameters, prefixInputs(inputs), inputs['noise'] as Tensor4D, steps), wantsSteps) },
    }), wantsSteps ? 'all' : 'last')
    const decoder = this.#compile('VAE decoder', (parameters, inputs) => ({ outputs: { images: decodeLatent(this.config, under(parameters, 'vae/'), inputs['latent'] as Tensor4D) } }))
    const results: RgbImage[][] = []
    for (const part of parts(batch)) {
      const rows = part.padded.length
      const noise = float32(this.#noise(rows, size, options, 'seeded', part.start), [rows, ...shape])
      const { path } = await sample.run(state, { ...this.#prefixInputs(part.padded), noise })
      const pictures: RgbImage[][] = Array.from({ length: part.count }, () => [])
      for (let step = 0; step < path!.data.length / (rows * size); step++) {
        const field = float32(new Float32Array(rows * sizeOf(own)), [rows, ...own])
        for (let row = 0; row < rows; row++) {
          const from = (step * rows + row) * size + camera * sizeOf(own)
          field.data.set((path!.data as Float32Array).subarray(from, from + sizeOf(own)), row * sizeOf(own))
        }
        const planes = usesLatent(this.config) ? (await decoder.run(state, { latent: field }))['images']!.data : field.data
        pictures.forEach((list, row) => list.push(motionPicture(this.config, planes, (row * planes.length) / rows)))
      }
      results.push(...pictures)
    }
    return results
  }

  /** Words come at once: one picture per observation. */
  async #imagineWords(state: DeviceState, batch: readonly PolicyObservation[], camera: number): Promise<RgbImage[][]> {
    const predict = this.#compile('predicting words', (parameters, inputs) => ({ outputs: { words: predictWords(this.config, parameters, prefixInputs(inputs)) } }))
    const { wordGrid, cameras } = this.config.motion
    const cells = wordGrid ** 2
    const results: RgbImage[][] = []
    for (const part of parts(batch)) {
      const { words } = await predict.run(state, this.#prefixInputs(part.padded))
      for (let row = 0; row < part.count; row++) {
        const from = (row * cameras.length + camera) * cells
        results.push([wordPicture(this.config, words!.data.slice(from, from + cells))])
      }
    }
    return results
  }

  async #loadImagination(): Promise<DeviceState> {
    const parameters = { ...this.#averages, ...under(await this.#checkpoint.read('motion'), 'motion/') }
    checkAgainst(imagineSpecs(this.config), parameters, 'The checkpoint')
    const vae = usesLatent(this.config) ? under(await this.#checkpoint.read('vae'), 'vae/') : {}
    if (usesLatent(this.config)) checkAgainst(autoencoderSpecs(this.config), vae, 'The checkpoint\'s VAE')
    const needed = Object.fromEntries(imagineSpecs(this.config).map(({ name }) => [name, parameters[name]!]))
    return this.#resources.add(this.#provider.createState({ ...needed, ...prefixed(vae, 'vae/') }))
  }

  dispose(): void {
    for (const compiled of this.#compiled.values()) compiled.dispose()
    this.#compiled.clear()
    this.#resources.dispose()
  }

  #compile(name: string, step: StepFunction, variant = ''): CompiledStep {
    const key = `${name} ${variant}`
    let compiled = this.#compiled.get(key)
    if (!compiled) this.#compiled.set(key, (compiled = this.#provider.compile(step, { name, checkFinite: true })))
    return compiled
  }

  /** Rows of noise; a row depends on the seed and its number alone (`noiseRows`, else its place in the whole batch). */
  #noise(rows: number, size: number, options: InferOptions, kind: 'zero' | 'seeded', start: number): Float32Array {
    const noise = new Float32Array(rows * size)
    if ((options.noise ?? kind) === 'zero') return noise
    for (let row = 0; row < rows; row++) noise.set(new Rng(hashName(`inference ${options.seed ?? 0}`), options.noiseRows?.[start + row] ?? start + row).normals(size), row * size)
    return noise
  }

  #prefixInputs(batch: readonly PolicyObservation[]): HostTensors {
    const { cameras, imageSizePx } = this.config.data
    const { maxTextTokens } = this.config.backbone
    const layout = pictureLayout(this.config)
    const size = 3 * imageSizePx * imageSizePx
    const images = new Float32Array(batch.length * cameras.length * size)
    const ids = new Int32Array(batch.length * maxTextTokens)
    const mask = new Float32Array(batch.length * maxTextTokens)
    batch.forEach((observation, row) => {
      cameras.forEach((camera, index) => {
        const image = observation.images[camera]
        if (!image) throw new KinoraError('config-invalid', `The observation lacks camera "${camera}"; it has ${Object.keys(observation.images).join(', ') || 'none'}.`, 'Give a picture for every camera in data.cameras.')
        writePicture(layout, resizeToSquare(image, imageSizePx).data, 0, 0, 0, images, (row * cameras.length + index) * size)
      })
      const text = this.#tokenizer.encode(observation.instruction, maxTextTokens)
      ids.set(text.ids, row * maxTextTokens)
      mask.set(text.mask, row * maxTextTokens)
    })
    return {
      'images': float32(images, [batch.length * cameras.length, ...layout.shape]),
      'text-ids': int32(ids, [batch.length, maxTextTokens]),
      'text-mask': float32(mask, [batch.length, maxTextTokens]),
    }
  }

  #stateInput(batch: readonly PolicyObservation[]): HostTensors {
    const { state } = this.meta.dimensions
    const rows = new Float32Array(batch.length * state)
    batch.forEach((observation, row) => {
      if (observation.state.length !== state) throw new KinoraError('config-invalid', `The observation's state has ${observation.state.length} values, expected ${state} (${this.meta.stateNames.join(', ')}).`, 'Give the state as the dataset has it.')
      rows.set(observation.state, row * state)
    })
    return { state: float32(normalise(rows, this.meta.statistics.norm_stats.state, this.config.data.normalisation, 'The state'), [batch.length, state]) }
  }
}

const prefixInputs = (inputs: Tensors) => ({ images: inputs['images']!, textIds: inputs['text-ids'] as Tensor2D, textMask: inputs['text-mask'] as Tensor2D })

/** @throws KinoraError `config-invalid` where the head does not predict that camera's motion */
function motionCameraIndex({ motion: { cameras } }: TrainConfig, camera = cameras[0]!): number {
  const index = cameras.indexOf(camera)
  if (index >= 0) return index
  throw new KinoraError('config-invalid', `The motion head does not predict what camera "${camera}" will see.`, `It predicts ${cameras.join(', ')} (motion.cameras).`)
}

/** The last state of a path, or all of them one behind another along the batch. */
const stack = (path: Tensor4D[], all: boolean): Tensor4D => (all ? tf.concat(path, 0) : path.at(-1)!)

/** A batch in parts of at most the largest size, each filled up with its own first entry. */
function* parts<T>(batch: readonly T[]): Generator<{ start: number; count: number; padded: T[] }> {
  const largest = batchSizes.at(-1)!
  for (let start = 0; start < batch.length; start += largest) {
    const part = batch.slice(start, start + largest)
    const size = batchSizes.find((candidate) => candidate >= part.length)!
    yield { start, count: part.length, padded: [...part, ...Array<T>(size - part.length).fill(part[0]!)] }
  }
}
