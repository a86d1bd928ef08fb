import type { HostTensors } from '../base/host-tensor.ts'
import { loadCheckpoint } from '../checkpoint/restore.ts'
import type { TrainConfig } from '../contract/config.ts'
import { loadPolicy, type Policy } from '../model/policy.ts'
import type { Provider } from '../tensor/provider.ts'

export interface OpenedPolicy {
  readonly policy: Policy
  readonly step: number
}

/**
 * The policy of one checkpoint of a run (`latest`: the last whole one). Groups are read when they are asked for, so a
 * policy that only acts never loads the motion head, the autoencoder or the optimiser.
 * @throws KinoraError `not-found`, `checkpoint-damaged`
 */
export async function openPolicy(runPath: string, step: number | 'latest', provider: Provider, config?: TrainConfig): Promise<OpenedPolicy> {
  const first = await loadCheckpoint(runPath, step, { names: inGroup('ema') })
  const read = async (group: 'ema' | 'motion' | 'vae'): Promise<HostTensors> =>
    group === 'ema' ? first.tensors : (await loadCheckpoint(runPath, first.step, { names: inGroup(group) })).tensors
  return { policy: await loadPolicy({ provider, checkpoint: { meta: first.meta, read }, config }), step: first.step }
}

function inGroup(group: string): (name: string) => boolean {
  return (name) => name.startsWith(`${group}/`)
}
