import { beforeAll, expect } from 'vitest'
import type { HostTensors } from '../../electron/base/host-tensor.ts'
import type { TrainConfig } from '../../electron/contract/config.ts'
import { loadPolicy, type Policy } from '../../electron/model/policy.ts'
import type { Provider } from '../../electron/tensor/provider.ts'
import { train, type TrainEvent, type VaeCache } from '../../electron/trainer/train.ts'
import { movingSquares } from './moving-squares.ts'
import { openTestOnnx } from './tensor-providers.ts'

export type Snapshot = Extract<TrainEvent, { type: 'snapshot' }>

/** A cache of VAEs that ends with the process. */
export function memoryCache(): VaeCache & { readonly entries: Map<string, HostTensors> } {
  const entries = new Map<string, HostTensors>()
  return { entries, load: async (key) => entries.get(key), save: async (key, tensors) => void entries.set(key, tensors), imported: () => Promise.reject(new Error('none is imported')) }
}

/** Every event of a training, in order. */
export async function collect(options: Parameters<typeof train>[0], onEvent: (event: TrainEvent) => void = () => {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = []
  for await (const event of train(options)) {
    events.push(event)
    onEvent(event)
  }
  return events
}

type TrainOptions = Parameters<typeof train>[0]

/**
 * Training on moving squares with a provider of the tests around the call, called in their `describe`. One cache for all:
 * most tests are not about the VAE.
 */
export function trainingOnSquares() {
  const dataset = movingSquares()
  const vaeCache = memoryCache()
  let provider: Provider
  beforeAll(() => {
    provider = openTestOnnx()
    return () => provider.dispose()
  })
  return {
    dataset,
    run: (config: TrainConfig, extra: Partial<TrainOptions> = {}, onEvent?: (event: TrainEvent) => void): Promise<TrainEvent[]> => collect({ config, dataset, provider, vaeCache, ...extra }, onEvent),
    policyOf: ({ meta, tensors }: Snapshot): Promise<Policy> =>
      loadPolicy({ provider, checkpoint: { meta, read: async (group) => Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith(`${group}/`))) } }),
  }
}

export const snapshots = (events: readonly TrainEvent[]): Snapshot[] => events.filter((event) => event.type === 'snapshot')

/** What a checkpoint on disk would give back: plain JSON and copied tensors. */
export const stored = ({ step, tensors, meta }: Snapshot) => ({ step, tensors: structuredClone(tensors), meta: JSON.parse(JSON.stringify(meta)) as unknown })

/** Fails unless both hold the same names and bytes. */
export function expectIdentical(a: HostTensors, b: HostTensors): void {
  expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort())
  const bytes = ({ data }: HostTensors[string]): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (const [name, tensor] of Object.entries(a)) expect(Buffer.compare(bytes(tensor), bytes(b[name]!)), name).toBe(0)
}
