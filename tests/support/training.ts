import { expect } from 'vitest'
import type { HostTensors } from '../../electron/base/host-tensor.ts'
import { train, type TrainEvent, type VaeCache } from '../../electron/trainer/train.ts'

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

export const snapshots = (events: readonly TrainEvent[]): Snapshot[] => events.filter((event) => event.type === 'snapshot')

/** What a checkpoint on disk would give back: plain JSON and copied tensors. */
export const stored = ({ step, tensors, meta }: Snapshot) => ({ step, tensors: structuredClone(tensors), meta: JSON.parse(JSON.stringify(meta)) as unknown })

/** Fails unless both hold the same names and bytes. */
export function expectIdentical(a: HostTensors, b: HostTensors): void {
  expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort())
  const bytes = ({ data }: HostTensors[string]): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (const [name, tensor] of Object.entries(a)) expect(Buffer.compare(bytes(tensor), bytes(b[name]!)), name).toBe(0)
}
