import { openCheckpoint } from '../../checkpoint/restore.ts'
import type { TrainConfig } from '../../contract/config.ts'
import { loadPolicy, type Policy } from '../../model/policy.ts'
import type { Provider } from '../../tensor/provider.ts'

export interface OpenedPolicy {
  readonly policy: Policy
  readonly step: number
}

/**
 * The policy of one checkpoint of a run (`latest`: the newest whole one), for acting and imagining. The optimiser's
 * tensors are neither read nor hashed, the motion head's and the autoencoder's are read when it first imagines.
 * @throws KinoraError `not-found`, `checkpoint-damaged`
 */
export async function openPolicy(runPath: string, step: number | 'latest', provider: Provider, config?: TrainConfig): Promise<OpenedPolicy> {
  const checkpoint = await openCheckpoint(runPath, step, { groups: ['ema', 'motion', 'vae'] })
  return { policy: await loadPolicy({ provider, checkpoint, config }), step: checkpoint.step }
}
