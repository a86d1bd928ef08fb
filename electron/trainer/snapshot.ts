import type { HostTensors } from '../base/host-tensor.ts'
import { autoencoderSpecs } from '../model/autoencoder-kl.ts'
import type { ParameterSpec } from '../model/parameters.ts'
import { checkAgainst, prefixed, under } from '../model/parameters.ts'
import type { TrainConfig } from '../contract/config.ts'
import type { DeviceState } from '../tensor/provider.ts'
import type { FlatParameters } from './flat-parameters.ts'

/**
 * Tensor groups of a checkpoint, by prefix: `params/`, `adam-m/`, `adam-v/` of everything that trains; the averages in
 * `ema/` (backbone and action expert: all that acting needs) and `motion/` (the motion head and the backbone's tensors
 * that only it reads: with `ema/` and `vae/` all that imagining needs); `vae/` under diffusers' names.
 */
export async function takeSnapshot(state: DeviceState, flat: FlatParameters, vae: HostTensors | null, acts: ReadonlySet<string>): Promise<HostTensors> {
  const read = await state.read(state.names.filter((name) => !name.startsWith('vae/')))
  const tensors: HostTensors = {}
  for (const group of ['params/', 'adam-m/', 'adam-v/']) Object.assign(tensors, prefixed(flat.unpack(under(read, group)), group))
  for (const [name, tensor] of Object.entries(flat.unpack(under(read, 'ema/')))) tensors[(acts.has(name) ? 'ema/' : 'motion/') + name] = tensor
  if (vae) Object.assign(tensors, prefixed(vae, 'vae/'))
  return tensors
}

/** The trainable state of a snapshot in flat form, and its VAE. @throws KinoraError `checkpoint-damaged` */
export function restoreSnapshot(config: TrainConfig, specs: readonly ParameterSpec[], flat: FlatParameters, tensors: HostTensors): { state: HostTensors; vae: HostTensors | null } {
  const state: HostTensors = {}
  for (const group of ['params/', 'adam-m/', 'adam-v/']) {
    const found = under(tensors, group)
    checkAgainst(specs, found, `The checkpoint's group ${group}`)
    Object.assign(state, prefixed(flat.pack(found), group))
  }
  const averages = { ...under(tensors, 'ema/'), ...under(tensors, 'motion/') }
  checkAgainst(specs, averages, 'The checkpoint\'s averages')
  Object.assign(state, prefixed(flat.pack(averages), 'ema/'))
  const vae = under(tensors, 'vae/')
  if (config.motion.target === 'none') return { state, vae: null }
  checkAgainst(autoencoderSpecs(config), vae, 'The checkpoint\'s VAE')
  return { state, vae }
}
