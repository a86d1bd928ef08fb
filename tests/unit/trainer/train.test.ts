import { describe, expect, it } from 'vitest'
import type { TrainEvent } from '../../../electron/trainer/train.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'
import { expectIdentical, memoryCache, type Snapshot, snapshots, stored, trainingOnSquares } from '../../support/training.ts'

describe('train on onnx-cpu', { timeout: 240_000 }, () => {
  const { run } = trainingOnSquares()

  it('tells its phases, one step event per update, validations and snapshots in order', async () => {
    const events = await run(smallConfig(), { vaeCache: memoryCache() })
    expect(events.filter((event) => event.type === 'phase').map((event) => [event.phase, event.totalSteps])).toEqual([['load', 6], ['vae', 4], ['latents', 4 * 12 * 4], ['train', 6]])
    const steps = events.filter((event) => event.type === 'step' && event.phase === 'train')
    expect(steps.map((event) => 'step' in event && event.step)).toEqual([1, 2, 3, 4, 5, 6])
    for (const event of steps) {
      if (event.type !== 'step') continue
      expect(Object.keys(event.values).sort()).toEqual(['epoch', 'grad-norm', 'loss/action', 'loss/motion', 'loss/total', 'lr', 'samples_per_s'])
      expect(event.values['loss/total']).toBeCloseTo(event.values['loss/action']! + event.values['loss/motion']!, 4)
    }
    expect(events.filter((event) => event.type === 'validation').map((event) => [event.step, Object.keys(event.values).sort()])).toEqual([[3, ['val/action', 'val/motion', 'val/total']], [6, ['val/action', 'val/motion', 'val/total']]])
    expect(snapshots(events).map((event) => event.step)).toEqual([3, 6])
    for (const { step, meta: { sampler } } of snapshots(events)) {
      const update = steps.find((event) => 'step' in event && event.step === step)
      expect(update?.type === 'step' && update.values['epoch']).toBeCloseTo(sampler.position / sampler.sampleCount, 12)
    }
    expect(events.at(-1)).toEqual({ type: 'done', step: 6 })
    const groups = new Set(Object.keys(snapshots(events)[0]!.tensors).map((name) => name.split('/')[0]))
    expect([...groups].sort()).toEqual(['adam-m', 'adam-v', 'ema', 'motion', 'params', 'vae'])
  })

  it.each([
    ['jointly, with latents computed once', {}],
    ['jointly, with shifts drawn anew and encoded in the step', { data: { shiftVariants: 0 } }],
    ['the pi05 action head alone', { motion: { target: 'none' }, action: { variant: 'pi05' } }],
  ] as const)('resumes bit for bit: %s', async (_name, overrides) => {
    const config = smallConfig(overrides)
    const whole = snapshots(await run(config))
    const resumed = snapshots(await run(config, { restore: stored(whole[0]!) }))
    expect(resumed.map((event) => event.step)).toEqual([6])
    expectIdentical(resumed[0]!.tensors, whole[1]!.tensors)
    expect(resumed[0]!.meta).toEqual(whole[1]!.meta)
  })

  it('yields a last snapshot when aborted, from which the rest is bit for bit the same', async () => {
    const config = smallConfig()
    const whole = snapshots(await run(config))
    const controller = new AbortController()
    const events = await run(config, { signal: controller.signal }, (event) => {
      if (event.type === 'step' && event.phase === 'train' && event.step === 4) controller.abort()
    })
    const last = events.at(-1)!
    expect(last).toMatchObject({ type: 'snapshot', step: 4 })
    const resumed = snapshots(await run(config, { restore: stored(last as Snapshot) }))
    expectIdentical(resumed.at(-1)!.tensors, whole.at(-1)!.tensors)
  })

  it('ends without a snapshot when aborted while it reads episodes', async () => {
    const controller = new AbortController()
    controller.abort()
    const events = await run(smallConfig(), { signal: controller.signal })
    expect(events.map((event) => event.type)).toEqual(['phase'])
  })

  it('starts the shared parameters and draws the action noise alike with and without a motion head', async () => {
    const first = (events: readonly TrainEvent[]) => events.find((event) => event.type === 'step' && event.phase === 'train')
    const joint = first(await run(smallConfig({ steps: 1 })))
    const alone = first(await run(smallConfig({ steps: 1, motion: { target: 'none' } })))
    expect(joint?.type === 'step' && joint.values['loss/action']).toBeCloseTo(alone?.type === 'step' ? alone.values['loss/action']! : NaN, 5)
  })

  it('takes the VAE from the cache the second time and refuses one of another shape', async () => {
    const vaeCache = memoryCache()
    const config = smallConfig({ steps: 1 })
    const first = await run(config, { vaeCache })
    const again = await run(config, { vaeCache })
    // Judged anew, and not trained.
    expect(again.some((event) => event.type === 'progress' && event.phase === 'vae' && event.step === event.totalSteps)).toBe(true)
    expect(again.some((event) => event.type === 'step' && event.phase === 'vae')).toBe(false)
    expect(again.find((event) => event.type === 'vae')).toMatchObject({ isCached: true })
    // Its latents are found, too: one report instead of one per batch, and the same run to the bit.
    const latents = (events: readonly TrainEvent[]) => events.filter((event) => event.type === 'progress' && event.phase === 'latents')
    expect(latents(first).length).toBeGreaterThan(1)
    expect(latents(again)).toHaveLength(1)
    expectIdentical(snapshots(again).at(-1)!.tensors, snapshots(first).at(-1)!.tensors)
    const [key] = vaeCache.entries.keys()
    vaeCache.entries.set(key!, {})
    await expect(run(config, { vaeCache })).rejects.toMatchObject({ code: 'checkpoint-damaged' })
  })

  it('stops with `numerics` and the last good state when a loss overflows', async () => {
    const events: TrainEvent[] = []
    const config = smallConfig({ optimiser: { learningRate: 1e30, warmupSteps: 0, clipNorm: 1e30 }, steps: 20, checkpointEvery: 100 })
    await expect(run(config, {}, (event) => events.push(event))).rejects.toMatchObject({ code: 'numerics', message: expect.stringMatching(/Training stopped at step \d+/) })
    const [last] = snapshots(events)
    expect(last!.step).toBe(events.filter((event) => event.type === 'step' && event.phase === 'train').length)
    for (const [name, tensor] of Object.entries(last!.tensors)) expect((tensor.data as Float32Array).every(Number.isFinite), name).toBe(true)
  })

  it('says what a dataset lacks, and refuses to continue with another configuration or other data', async () => {
    await expect(run(smallConfig({ data: { cameras: ['front', 'overhead'] } }))).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('"overhead"') })
    await expect(run(smallConfig({ motion: { flow: 'exact' } }), { dataset: movingSquares({ hasFlow: false }) })).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('no exact optical flow') })
    const restore = stored(snapshots(await run(smallConfig()))[0]!)
    await expect(run(smallConfig({ batchSize: 3 }), { restore })).rejects.toMatchObject({ code: 'config-invalid' })
    await expect(run(smallConfig(), { restore, dataset: movingSquares({ episodes: 4 }) })).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('changed') })
    const { 'params/backbone/camera': _missing, ...rest } = restore.tensors
    await expect(run(smallConfig(), { restore: { ...restore, tensors: rest } })).rejects.toMatchObject({ code: 'checkpoint-damaged', message: expect.stringContaining('backbone/camera') })
  })
})
