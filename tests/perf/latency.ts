import { Rng } from '../../electron/base/rng.ts'
import { median, quantile } from '../../electron/base/statistics.ts'
import type { TrainConfig } from '../../electron/contract/config.ts'
import { actionSpecs, dualHeadSpecs } from '../../electron/model/dual-head.ts'
import { liberoDimensions } from '../../electron/model/parameter-counts.ts'
import { countParameters, initialise, prefixed } from '../../electron/model/parameters.ts'
import { loadPolicy, type Policy, type PolicyCheckpoint, type PolicyObservation } from '../../electron/model/policy.ts'
import { presetConfig } from '../../electron/model/presets.ts'
import type { SnapshotMeta } from '../../electron/model/snapshot-meta.ts'
import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'

/** Rounds of some inferences of each, in an order that a coin decides. */
const rounds = 200
const warmUp = 10
const blockLength = 5

function made(config: TrainConfig): { checkpoint: PolicyCheckpoint; reads: string[] } {
  const reads: string[] = []
  const specs = dualHeadSpecs(config, liberoDimensions)
  const acts = new Set(actionSpecs(config, liberoDimensions).map(({ name }) => name))
  const statistics = (size: number) => ({ mean: Array<number>(size).fill(0), std: Array<number>(size).fill(1), q01: Array<number>(size).fill(-1), q99: Array<number>(size).fill(1) })
  const meta: Partial<SnapshotMeta> = {
    format: 1, step: 0, config, dimensions: { ...liberoDimensions }, stateNames: Array<string>(8).fill('s'), actionNames: Array<string>(7).fill('a'),
    statistics: { norm_stats: { state: statistics(8), actions: statistics(7) } }, tokenizer: { kind: 'byte-pair', merges: [] },
    sampler: { position: 0, sampleCount: 1, episodes: [0] }, rng: { algorithm: 'philox4x32-10', seed: 0, nextStream: 1 }, vaeKey: null,
  }
  return {
    reads,
    checkpoint: {
      meta,
      async read(group) {
        reads.push(group)
        return group === 'ema' ? prefixed(initialise(specs.filter(({ name }) => acts.has(name)), 0), 'ema/') : {}
      },
    },
  }
}

/**
 * The latency of an action chunk with and without joint training, in blocks of random order. On one thread: two sessions'
 * pools of threads would wait for work at each other's cost.
 */
export default async function bench({ signal, note }: { signal: AbortSignal; note: (text: string) => void }) {
  const joint = presetConfig('nano', 'bench')
  const alone: TrainConfig = { ...joint, motion: { ...joint.motion, target: 'none' } }
  const provider = openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 })
  const sides = { joint: made(joint), alone: made(alone) }
  const policies: Record<keyof typeof sides, Policy> = { joint: await loadPolicy({ provider, checkpoint: sides.joint.checkpoint }), alone: await loadPolicy({ provider, checkpoint: sides.alone.checkpoint }) }
  const rng = new Rng(3, 0)
  const picture = (): PolicyObservation['images'][string] => ({ width: 64, height: 64, data: Uint8Array.from({ length: 64 * 64 * 3 }, () => rng.integer(256)) })
  const observation: PolicyObservation = { images: Object.fromEntries(joint.data.cameras.map((camera) => [camera, picture()])), state: new Float32Array(8), instruction: 'push the button' }
  const times = { joint: [] as number[], alone: [] as number[] }
  const ratios: number[] = []
  for (let round = 0; round < warmUp + rounds; round++) {
    signal.throwIfAborted()
    const order = rng.uniform() < 0.5 ? (['joint', 'alone'] as const) : (['alone', 'joint'] as const)
    const now = { joint: 0, alone: 0 }
    for (const side of order) {
      const block: number[] = []
      for (let turn = 0; turn <= blockLength; turn++) {
        const start = performance.now()
        await policies[side].infer([observation])
        // The other policy's threads still spin during the first.
        if (turn > 0) block.push(performance.now() - start)
      }
      now[side] = median(block)
    }
    if (round < warmUp) continue
    times.joint.push(now.joint)
    times.alone.push(now.alone)
    ratios.push(now.joint / now.alone)
  }
  for (const policy of Object.values(policies)) policy.dispose()
  note(`The joint policy read the groups ${[...new Set(sides.joint.reads)].join(', ')} of its checkpoint.`)
  const row = (side: keyof typeof times) => ({ name: `latency_${side}_ms`, value: median(times[side]), unit: 'ms', better: 'lower' as const, n: rounds, low: quantile(times[side], 0.1), high: quantile(times[side], 0.9) })
  const acting = (config: TrainConfig): number => countParameters(actionSpecs(config, liberoDimensions))
  return [
    row('joint'),
    row('alone'),
    { name: 'latency_ratio', value: median(times.joint) / median(times.alone), unit: '', better: 'lower' as const, target: 1.02, n: rounds, low: quantile(ratios, 0.25), high: quantile(ratios, 0.75), note: 'joint over action only, 1.00 +- 0.02; spread: middle half of the pairs' },
    { name: 'acting_parameters_ratio', value: acting(joint) / acting(alone), unit: '', better: 'lower' as const, target: 1, n: 1, note: 'parameters that inference loads' },
    { name: 'motion_groups_read', value: sides.joint.reads.filter((group) => group !== 'ema').length, unit: '', better: 'lower' as const, target: 0, n: 1, note: 'the motion head is not even read' },
  ]
}
