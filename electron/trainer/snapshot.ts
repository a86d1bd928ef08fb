import type { HostTensors } from '../base/host-tensor.ts'
import { autoencoderSpecs } from '../model/autoencoder-kl.ts'
import { checkAgainst, prefixed, under } from '../model/parameters.ts'
import type { TrainConfig } from '../contract/config.ts'
import { usesLatent } from '../contract/motion-field.ts'
import type { DeviceState } from '../tensor/provider.ts'
import type { Parameters } from './parameter-groups.ts'

/**
 * Tensor groups of a checkpoint, by prefix: `params/` of the whole model, `adam-m/` and `adam-v/` of what trains; the
 * averages in `ema/` (backbone and action expert: all that acting needs) and `motion/` (the motion head and the backbone's
 * tensors that only it reads: with `ema/` and `vae/` all that imagining needs); `vae/` under diffusers' names.
 */
export async function takeSnapshot(state: DeviceState, { flat }: Parameters, vae: HostTensors | null, acts: ReadonlySet<string>): Promise<HostTensors> {
  const read = await state.read(state.names.filter((name) => !name.startsWith('vae/') && !name.startsWith('gradients/')))
  const frozen = under(read, 'frozen/')
  const tensors: HostTensors = {}
  for (const group of ['params/', 'adam-m/', 'adam-v/']) Object.assign(tensors, prefixed(flat.unpack(under(read, group)), group))
  Object.assign(tensors, prefixed(frozen, 'params/'))
  for (const [name, tensor] of Object.entries({ ...flat.unpack(under(read, 'ema/')), ...frozen })) tensors[(acts.has(name) ? 'ema/' : 'motion/') + name] = tensor
  if (vae) Object.assign(tensors, prefixed(vae, 'vae/'))
  return tensors
}

/** The state of a snapshot as a step takes it, and its VAE. @throws KinoraError `checkpoint-damaged` */
export function restoreSnapshot(config: TrainConfig, { trained, frozen, flat }: Parameters, tensors: HostTensors): { state: HostTensors; vae: HostTensors | null } {
  const state: HostTensors = {}
  for (const group of ['params/', 'adam-m/', 'adam-v/']) {
    const found = under(tensors, group)
    checkAgainst(group === 'params/' ? [...trained, ...frozen] : trained, found, `The checkpoint's group ${group}`)
    Object.assign(state, prefixed(flat.pack(found), group))
    if (group === 'params/') for (const { name } of frozen) state[`frozen/${name}`] = found[name]!
  }
  const averages = { ...under(tensors, 'ema/'), ...under(tensors, 'motion/') }
  checkAgainst(trained, averages, 'The checkpoint\'s averages')
  Object.assign(state, prefixed(flat.pack(averages), 'ema/'))
  if (!usesLatent(config)) return { state, vae: null }
  const vae = under(tensors, 'vae/')
  checkAgainst(autoencoderSpecs(config), vae, 'The checkpoint\'s VAE')
  return { state, vae }
}
