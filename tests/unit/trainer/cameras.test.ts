import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import { predictEpisode, type PredictedFrame } from '../../../electron/evaluate/motion.ts'
import { motionHeadSpecs } from '../../../electron/model/motion-dit.ts'
import { trainStepCost } from '../../../electron/trainer/step-cost.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'
import { snapshots, stored, trainingOnSquares } from '../../support/training.ts'

const both = ['front', 'mirrored']

describe('a motion head of two cameras', { timeout: 240_000 }, () => {
  const { dataset, run, policyOf } = trainingOnSquares()

  it('differs from a head of one by the embedding of the camera alone', () => {
    const names = (cameras: string[]) => motionHeadSpecs(smallConfig({ motion: { cameras, width: 16, heads: 2 } })).map(({ name, shape }) => `${name} ${shape.join()}`)
    expect(names(both).filter((name) => !names(['front']).includes(name))).toEqual(['motion/cameras 2,16'])
    expect(names(['front']).filter((name) => !names(both).includes(name))).toEqual([])
    // Twice the tokens cost more, and the recording of the step knows it.
    const cost = (cameras: string[]) => trainStepCost(smallConfig({ motion: { cameras, width: 16, heads: 2 } }), { state: 3, action: 2 }, 'image')(4).flops
    expect(cost(both)).toBeGreaterThan(1.1 * cost(['front']))
  })

  it.each<[string, Parameters<typeof smallConfig>[0]]>([
    ['motion images whose latents are kept', {}],
    ['motion images that the step encodes, in mirrors and crops', { data: { flipProbability: 0.5, randomCropFraction: 0.8, shiftVariants: 0, mirror: { state: [-1, 1, 1], action: [-1, 1] } } }],
    ['later frames, in context', { motion: { target: 'future-frame', conditioning: 'in-context' } }],
    ['raw flow on pixels at one scale', { motion: { target: 'raw-flow', space: 'pixels', normalisation: 'quantile' } }],
    ['words, shuffled', { motion: { target: 'words', control: 'shuffled' } }],
    ['noise', { motion: { control: 'noise' } }],
    ['stillness', { motion: { control: 'static', target: 'future-frame' } }],
  ])('trains, resumes bit for bit and shows both cameras: %s', async (_name, overrides) => {
    const straight = 'go on'
    const own = overrides?.data?.flipProbability ? withInstruction(dataset, straight) : dataset
    const base = smallConfig({ steps: 4, checkpointEvery: 2, validateEvery: 2, sampleEvery: 2, ...overrides })
    const config = { ...base, motion: { ...base.motion, cameras: both } }
    const events = await run(config, { dataset: own })
    const losses = events.flatMap((event) => (event.type === 'step' && event.phase === 'train' ? [event.values] : []))
    expect(losses).toHaveLength(4)
    for (const values of losses) expect(Object.values(values).every(Number.isFinite)).toBe(true)
    const samples = events.find((event) => event.type === 'samples')!.samples
    expect(samples.map(({ camera }) => camera).slice(0, 4)).toEqual([...both, ...both])
    // The second camera sees the first one's picture in a mirror.
    expect(mirrored(samples[0]!.observed)).toEqual([...samples[1]!.observed.data])
    const [half, whole] = snapshots(events)
    const [again] = snapshots(await run(config, { dataset: own, restore: stored(half!) }))
    expect(Object.keys(again!.tensors).sort()).toEqual(Object.keys(whole!.tensors).sort())
    for (const [name, tensor] of Object.entries(whole!.tensors)) expect(again!.tensors[name]!.data, name).toEqual(tensor.data)
  })

  it('predicts the motion of the camera that is asked for, beside what that one saw and what truly moved there', async () => {
    const one = movingSquares({ episodes: 1, frames: 10 })
    const config = smallConfig({
      steps: 4,
      batchSize: 4,
      validateEvery: 1000,
      checkpointEvery: 1000,
      data: { validationFraction: 0, randomShiftPx: 0 },
      motion: { cameras: both },
    })
    const policy = await policyOf(snapshots(await run(config, { dataset: one })).at(-1)!)
    const frames = async (camera?: string): Promise<PredictedFrame[]> => {
      const list: PredictedFrame[] = []
      for await (const frame of predictEpisode(policy, one, 0, { frames: [0, 1, 2, 3, 4, 5], ...(camera === undefined ? {} : { camera }) })) list.push(frame)
      return list
    }
    const [first, front, second] = [await frames(), await frames('front'), await frames('mirrored')]
    expect(first).toEqual(front)
    for (const [index, { camera }] of front.entries()) expect([...second[index]!.camera.data]).toEqual(mirrored(camera))
    for (const [index, { truth }] of front.entries()) expect(truth).not.toEqual(second[index]!.truth)
    await expect(frames('overhead')).rejects.toThrow()
    const observation = { images: { front: front[0]!.camera, mirrored: second[0]!.camera }, state: [0, 0, 4], instruction: 'go on' }
    await expect(policy.imagine([observation], { camera: 'overhead' })).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('"overhead"') as string, hint: expect.stringContaining('front, mirrored') as string })
    expect((await policy.imagineSteps([observation], { camera: 'mirrored', steps: 2 }))[0]).toHaveLength(3)
    expect((await policy.imagine([observation], { camera: 'mirrored' }))[0]!.data).not.toEqual((await policy.imagine([observation], { camera: 'front' }))[0]!.data)
    policy.dispose()
  })

  it('learns the motion of each camera: a prediction is nearer to its own truth than to the other one’s', async () => {
    const two = movingSquares({ episodes: 2, frames: 10 })
    const config = smallConfig({
      steps: 400,
      validateEvery: 10_000,
      checkpointEvery: 10_000,
      optimiser: { learningRate: 5e-3, warmupSteps: 10, weightDecay: 0 },
      vae: { steps: 400, batchSize: 8, learningRate: 5e-3 },
      data: { validationFraction: 0, randomShiftPx: 0 },
      motion: { cameras: both, width: 48, heads: 4, patchSize: 1 },
    })
    const policy = await policyOf(snapshots(await run({ ...config, batchSize: 16 }, { dataset: two })).at(-1)!)
    const frames = async (episode: number, camera: string): Promise<PredictedFrame[]> => {
      const list: PredictedFrame[] = []
      for await (const frame of predictEpisode(policy, two, episode, { frames: [0, 1, 2, 3, 4, 5], camera })) list.push(frame)
      return list
    }
    const distance = (of: readonly PredictedFrame[], to: readonly PredictedFrame[]): number =>
      of.reduce((sum, { predicted }, index) => sum + predicted.data.reduce((squares, value, at) => squares + (value - to[index]!.truth.data[at]!) ** 2, 0), 0)
    for (const episode of [0, 1]) {
      const [front, mirror] = [await frames(episode, 'front'), await frames(episode, 'mirrored')]
      expect(distance(front, front)).toBeLessThan(0.8 * distance(front, mirror))
      expect(distance(mirror, mirror)).toBeLessThan(0.8 * distance(mirror, front))
    }
    policy.dispose()
  })
})

function withInstruction(dataset: Dataset, instruction: string): Dataset {
  const { detail } = dataset
  return { ...dataset, detail: { ...detail, tasks: [instruction], episodes: detail.episodes.map((episode) => ({ ...episode, instruction })) } }
}

function mirrored({ width, height, data }: PredictedFrame['camera']): number[] {
  const flipped = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) flipped.set(data.subarray((y * width + width - 1 - x) * 3, (y * width + width - x) * 3), (y * width + x) * 3)
  }
  return [...flipped]
}
