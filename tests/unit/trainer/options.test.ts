import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import type { TrainEvent } from '../../../electron/trainer/train.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'
import { expectIdentical, snapshots, stored, trainingOnSquares } from '../../support/training.ts'

type Overrides = Parameters<typeof smallConfig>[0]

const stepsOf = (events: readonly TrainEvent[]) => events.flatMap((event) => (event.type === 'step' && event.phase === 'train' ? [event.values] : []))

/** Pictures and flow without a robot: neither state nor actions, and instructions that a mirror does not belie. */
function withoutActions(dataset: Dataset): Dataset {
  const { detail } = dataset
  return { ...dataset, detail: { ...detail, tasks: ['move'], episodes: detail.episodes.map((episode) => ({ ...episode, instruction: 'move' })) }, stateNames: [], actionNames: [], readEpisode: async (episode) => ({ ...(await dataset.readEpisode(episode)), state: new Float32Array(0), action: new Float32Array(0) }) }
}

describe('options of training on onnx-cpu', { timeout: 240_000 }, () => {
  const { dataset, run, policyOf } = trainingOnSquares()
  const short: Overrides = { steps: 4, checkpointEvery: 2, validateEvery: 2 }

  it.each<[string, Overrides]>([
    ['motion warm-up with a frozen backbone, crops drawn anew', { stage: 'motion-warm-up', warmUpBackbone: 'frozen', data: { randomCropFraction: 0.8, shiftVariants: 0 } }],
    ['a future frame, gradients accumulated over two batches', { motion: { target: 'future-frame' }, optimiser: { warmupSteps: 2, accumulationSteps: 2 } }],
    ['shuffled words, in crops', { motion: { target: 'words', control: 'shuffled' }, data: { randomCropFraction: 0.8 } }],
    ['raw flow on pixels at the scale of a quantile', { motion: { target: 'raw-flow', space: 'pixels', normalisation: 'quantile' } }],
    ['noise in place of latents', { motion: { control: 'noise' } }],
  ])('resumes bit for bit: %s', async (_name, overrides) => {
    const config = smallConfig({ ...short, ...overrides })
    const events = await run(config)
    const [half, whole] = snapshots(events)
    for (const values of stepsOf(events)) expect(Object.values(values).every(Number.isFinite)).toBe(true)
    const resumed = snapshots(await run(config, { restore: stored(half!) }))
    expect(resumed.map(({ step }) => step)).toEqual([4])
    expectIdentical(resumed[0]!.tensors, whole!.tensors)
    expect(resumed[0]!.meta).toEqual(whole!.meta)
  })

  it('warms up the motion head on data without actions, mirrored or not, and a joint run continues from it', async () => {
    const videos = withoutActions(dataset)
    const warm = smallConfig({ ...short, stage: 'motion-warm-up', data: { flipProbability: 0.5 } })
    const events = await run(warm, { dataset: videos })
    expect(Object.keys(stepsOf(events)[0]!).sort()).toEqual(['epoch', 'grad-norm', 'loss/motion', 'loss/total', 'lr', 'samples_per_s'])
    const end = snapshots(events).at(-1)!
    expect(Object.keys(end.tensors).filter((name) => name.includes('action/'))).toEqual([])
    expect(end.meta.dimensions).toEqual({ state: 0, action: 0 })
    const policy = await policyOf(end)
    const observation = { images: { front: await dataset.readFrame(0, 'front', 2), mirrored: await dataset.readFrame(0, 'mirrored', 2) }, state: [], instruction: 'move' }
    expect((await policy.imagine([observation]))[0]).toMatchObject({ width: 16, height: 16 })
    await expect(policy.infer([observation])).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('cannot act') as string })
    policy.dispose()
    await expect(run(smallConfig(short), { dataset: videos })).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('no actions') as string })

    // A learning rate that moves nothing shows what the second stage began with.
    const still = smallConfig({ ...short, steps: 1, optimiser: { learningRate: 1e-30, weightDecay: 0 } })
    const second = await run(still, { start: stored(end) })
    expect(second.some((event) => event.type === 'vae' || (event.type === 'phase' && event.phase === 'vae'))).toBe(false)
    const begun = snapshots(second).at(-1)!.tensors
    for (const [name, tensor] of Object.entries(end.tensors)) {
      const own = /^(?:ema|motion)\/(.*)$/.exec(name)?.[1]
      if (own) expect(begun[`params/${own}`]!.data, own).toEqual(tensor.data)
    }
    expect(Object.keys(begun).some((name) => name.startsWith('params/action/'))).toBe(true)
    const other = await run(smallConfig({ ...short, steps: 1, motion: { target: 'words' } }), { start: stored(end) })
    expect(other.find((event) => event.type === 'notice')).toMatchObject({ message: expect.stringContaining('not taken over') as string })
    await expect(run(smallConfig({ ...short, backbone: { mlpRatio: 3 } }), { start: stored(end) })).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('startFrom: "backbone/') as string })
  })

  it('keeps a frozen backbone as it was and moves a trained one', async () => {
    const drift = async (warmUpBackbone: 'frozen' | 'trained') => {
      const [early, late] = snapshots(await run(smallConfig({ ...short, stage: 'motion-warm-up', warmUpBackbone })))
      const moved = (part: string): boolean => Object.keys(early!.tensors).some((name) => name.startsWith(`params/${part}/`) && early!.tensors[name]!.data.some((value, at) => value !== late!.tensors[name]!.data[at]))
      return { backbone: moved('backbone'), motion: moved('motion') }
    }
    expect(await drift('frozen')).toEqual({ backbone: false, motion: true })
    expect(await drift('trained')).toEqual({ backbone: true, motion: true })
  })

  it('takes the same step from two batches of four as from one of eight', async () => {
    const after = async (batchSize: number, accumulationSteps: number) => {
      const events = await run(smallConfig({ steps: 2, checkpointEvery: 2, batchSize, data: { validationFraction: 0 }, action: { chunk: 1, replanSteps: 1 }, optimiser: { warmupSteps: 0, accumulationSteps } }))
      return { values: stepsOf(events), tensors: snapshots(events).at(-1)!.tensors }
    }
    const whole = await after(8, 1)
    const parts = await after(4, 2)
    // Chunks of one: what reaches past an episode weighs a little differently in parts.
    for (const loss of ['loss/motion', 'loss/action']) expect(parts.values[0]![loss]).toBeCloseTo(whole.values[0]![loss]!, 5)
    const trained = Object.entries(whole.tensors).filter(([name]) => name.startsWith('params/'))
    const differences = trained.flatMap(([name, { data }]) => Array.from(data, (value, at) => Math.abs(value - parts.tensors[name]!.data[at]!)))
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(2e-4)
  })

  it('stops early when validation no longer improves, keeps the best step in mind, and resumes into the same end', async () => {
    const config = smallConfig({ steps: 20, validateEvery: 2, checkpointEvery: 100, earlyStopping: { patience: 2, metric: 'val/total', minImprovement: 0.99 }, motion: { target: 'none' } })
    const events = await run(config)
    expect(events.at(-1)).toEqual({ type: 'done', step: 6 })
    expect(snapshots(events).map(({ step }) => step)).toEqual([2, 6])
    expect(events.find((event) => event.type === 'notice')).toMatchObject({ message: expect.stringMatching(/Stopped early at step 6: val\/total .* step 2 in 2 validations/) as string })
    const resumed = await run(config, { restore: stored(snapshots(events)[0]!) })
    expectIdentical(snapshots(resumed).at(-1)!.tensors, snapshots(events)[1]!.tensors)
    expect((await run(config, { restore: stored(snapshots(events)[1]!) })).at(-1)).toEqual({ type: 'done', step: 6 })
  })

  it.each<[string, { target?: 'raw-flow' | 'words'; space?: 'pixels' }]>([
    ['motion image', {}],
    ['raw flow', { target: 'raw-flow', space: 'pixels' }],
    ['words', { target: 'words' }],
  ])('shows at intervals what the head imagines beside the truth: %s', async (_name, motion) => {
    const events = await run(smallConfig({ ...short, sampleEvery: 2, motion }))
    const samples = events.filter((event) => event.type === 'samples')
    expect(samples.map(({ step }) => step)).toEqual([2, 4])
    for (const { observed, truth, predicted, words } of samples[0]!.samples) {
      for (const picture of [observed, truth, predicted]) expect([picture.width, picture.height, picture.data.length]).toEqual([16, 16, 768])
      expect(words === null).toBe(motion.target !== 'words')
      // Some pixel of the truth is not white: the square moves.
      expect(truth.data.some((byte) => byte < 200)).toBe(true)
    }
  })

  it('says where numbers broke, and in which episodes', async () => {
    const config = smallConfig({ optimiser: { learningRate: 1e30, warmupSteps: 0, clipNorm: 1e30 }, steps: 20 })
    await expect(run(config)).rejects.toMatchObject({ code: 'numerics', message: expect.stringMatching(/Training stopped at step \d+, at a learning rate of .*: .*(finite|overflowed).*The batch has frames of episodes? [\d, ]+\./) as string })
  })

  it('learns words from what it sees; shuffled and random words keep their entropy', async () => {
    const one = movingSquares({ episodes: 1, frames: 8 })
    const end = async (control: 'none' | 'shuffled' | 'noise', steps: number): Promise<number> => {
      const config = smallConfig({ steps, batchSize: 16, validateEvery: 1000, checkpointEvery: 1000, data: { validationFraction: 0, randomShiftPx: 0 }, optimiser: { learningRate: 5e-3, warmupSteps: 10, weightDecay: 0 }, motion: { target: 'words', wordGrid: 8, control, width: 48, heads: 4 } })
      const losses = stepsOf(await run(config, { dataset: one })).slice(-20).map((values) => values['loss/motion']!)
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
    }
    const [real, shuffled, noise] = [await end('none', 250), await end('shuffled', 120), await end('noise', 50)]
    expect(real).toBeLessThan(0.08)
    expect(shuffled).toBeGreaterThan(1.2 * real)
    // 17 words with the same chance: log 17 = 2.83.
    expect(noise).toBeGreaterThan(2.7)
  })
})
