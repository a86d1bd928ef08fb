import type { HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import { usesLatent } from '../contract/motion-field.ts'
import type { ActionDimensions } from '../model/action-expert.ts'
import { autoencoderSpecs } from '../model/autoencoder-kl.ts'
import { dualHeadSpecs } from '../model/dual-head.ts'
import { checkAgainst, initialise, prefixed, under, type ParameterSpec } from '../model/parameters.ts'
import { parseSnapshotMeta, type SnapshotMeta } from '../model/snapshot-meta.ts'
import type { RestoredCheckpoint } from './events.ts'
import { FlatParameters } from './flat-parameters.ts'

/** The parameters of a run: those that train and those that stay as they began. */
export interface Parameters {
  readonly trained: readonly ParameterSpec[]
  readonly frozen: readonly ParameterSpec[]
  readonly flat: FlatParameters
}

export function parametersOf(config: TrainConfig, dimensions: ActionDimensions): Parameters {
  const isFrozen = ({ name }: ParameterSpec): boolean => config.stage === 'motion-warm-up' && config.warmUpBackbone === 'frozen' && name.startsWith('backbone/')
  const specs = dualHeadSpecs(config, dimensions)
  const trained = specs.filter((spec) => !isFrozen(spec))
  return { trained, frozen: specs.filter(isFrozen), flat: new FlatParameters(trained) }
}

/** What a run takes over from the one that it starts from. */
export interface Inheritance {
  readonly meta: SnapshotMeta
  /** Averaged parameters by name. */
  readonly averages: HostTensors
  /** The VAE, where it was trained on the same kind of target. */
  readonly vae: { key: string | null; tensors: HostTensors } | null
  /** What of the motion side is left behind and why; null where nothing is. */
  readonly remark: string | null
}

/** @throws KinoraError `checkpoint-damaged` */
export function inherit(config: TrainConfig, start: RestoredCheckpoint): Inheritance {
  const meta = parseSnapshotMeta(start.meta)
  const { motion: before, vae: vaeBefore } = meta.config
  const { motion } = config
  const isSameTarget = before.target === motion.target && (motion.target === 'words' || before.space === motion.space)
  const averages = { ...under(start.tensors, 'ema/'), ...under(start.tensors, 'motion/') }
  const vae = under(start.tensors, 'vae/')
  const takesVae = isSameTarget && usesLatent(config) && Object.keys(vae).length > 0 && JSON.stringify({ ...vaeBefore, steps: 0 }) === JSON.stringify({ ...config.vae, steps: 0 })
  if (takesVae) checkAgainst(autoencoderSpecs(config), vae, 'The VAE of the run to start from')
  const remark = motion.target === 'none' || isSameTarget ? null : `The run to start from learned ${before.target}${before.target === 'none' || before.target === 'words' ? '' : ` in ${before.space}`}: its motion head is not taken over, this one starts at random.`
  return {
    meta,
    averages: isSameTarget ? averages : Object.fromEntries(Object.entries(averages).filter(([name]) => !name.startsWith('motion/'))),
    vae: takesVae ? { key: meta.vaeKey, tensors: vae } : null,
    remark,
  }
}

/**
 * Where every parameter begins: as inherited, else at random by its name and the seed.
 * @throws KinoraError `config-invalid` where an inherited parameter has another shape
 */
function initialParameters(specs: readonly ParameterSpec[], seed: number, averages: HostTensors): HostTensors {
  for (const { name, shape } of specs) {
    const found = averages[name]
    if (found && found.shape.join() !== shape.join()) {
      throw new KinoraError('config-invalid', `startFrom: "${name}" is [${found.shape.join(', ')}] in the run to start from, and this configuration wants [${shape.join(', ')}].`, 'Give this run the sizes of that one (its config.json), or start at random with startFrom null.')
    }
  }
  return { ...initialise(specs.filter(({ name }) => !(name in averages)), seed), ...Object.fromEntries(specs.flatMap(({ name }) => (name in averages ? [[name, averages[name]!]] : []))) }
}

/** The state of a run before its first update. */
export function initialState({ trained, frozen, flat }: Parameters, seed: number, averages: HostTensors = {}): HostTensors {
  const values = initialParameters([...trained, ...frozen], seed, averages)
  const packed = flat.pack(values)
  return {
    ...prefixed(packed, 'params/'),
    ...prefixed(flat.zeros(), 'adam-m/'),
    ...prefixed(flat.zeros(), 'adam-v/'),
    ...prefixed(packed, 'ema/'),
    ...Object.fromEntries(frozen.map(({ name }) => [`frozen/${name}`, values[name]!])),
  }
}
