import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Desk } from '../../../../electron/engine/desk/desk.ts'
import type { TrainConfig } from '../../../../electron/contract/config.ts'
import { estimateSchema } from '../../../../electron/contract/estimate.ts'
import { estimate, refuseShortage, type EstimateMachine } from '../../../../electron/engine/estimate/estimate.ts'
import { fitSpeed } from '../../../../electron/engine/estimate/machine-speed.ts'
import { pastSpeed } from '../../../../electron/engine/estimate/past-speed.ts'
import { createRun } from '../../../../electron/engine/runs/run-folder.ts'
import { runTrainingJob } from '../../../../electron/engine/training/training-job.ts'
import { parameterCounts } from '../../../../electron/model/parameter-counts.ts'
import { presetConfig } from '../../../../electron/model/presets.ts'
import { recordSquares } from '../../../support/recorded-squares.ts'
import { temporaryHome } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

const machine = (availableBytes: number): EstimateMachine => ({ provider: 'onnx-cpu', speed: { secondsPerFlop: 1e-11, secondsPerByte: 6e-11, secondsPerOperator: 1e-5, vaeFactor: 1.5 }, availableBytes, freeDiskBytes: 1e12 })
const gib = 2 ** 30

describe('estimate', { timeout: 480_000 }, () => {
  it('names what to lower when memory is clearly short, and can be overridden', () => {
    const config = presetConfig('nano', 'x')
    const roomy = estimate(config, null, machine(8 * gib))
    expect(roomy.shortages).toEqual([])
    expect(() => refuseShortage(roomy)).not.toThrow()
    expect(roomy.largestBatch).toBeGreaterThan(config.batchSize)
    const batchSize = roomy.largestBatch * 2
    const short = estimate({ ...config, batchSize }, null, machine(8 * gib))
    expect(short.largestBatch).toBe(roomy.largestBatch)
    expect(short.shortages).toEqual([expect.objectContaining({ of: 'memory', hint: `Lower batchSize from ${batchSize} to ${roomy.largestBatch} and raise optimiser.accumulationSteps to 2.` })])
    expect(() => refuseShortage(short)).toThrow(expect.objectContaining({ code: 'out-of-memory', hint: expect.stringContaining('--force') as string }))
    expect(estimate(config, null, machine(gib / 16)).shortages[0]!.hint).toMatch(/^Lower vae\.batchSize/)
    expect(estimate({ ...config, motion: { ...config.motion, target: 'none' } }, null, machine(gib / 16)).shortages[0]!.hint).toMatch(/^Not even one sample fits/)
  })

  it('counts data, both kinds of state and more time for more steps', () => {
    const config = presetConfig('nano', 'x')
    const none = estimate(config, null, machine(8 * gib))
    const some = estimate(config, { frames: 1000, heldFrames: 0, dimensions: { state: 8, action: 7 } }, machine(8 * gib))
    // Two cameras and the motion image at 64 px, and four variants of a latent of 4 x 8 x 8 floats.
    const batches = some.memory.dataBytes - 1000 * (3 * 64 * 64 * 3 + 4 * 4 * 8 * 8 * 4)
    expect(batches).toBe(none.memory.dataBytes)
    // Two batches of two cameras as floats, and little more.
    expect(batches / (2 * 2 * 32 * 3 * 64 * 64 * 4)).toBeCloseTo(1, 1)
    const { programBytes, dataBytes, weightsBytes, optimiserBytes, copyBytes, activationBytes, totalBytes } = some.memory
    expect(programBytes + dataBytes + weightsBytes + optimiserBytes + copyBytes + activationBytes + 4 * some.parameters.vae).toBeCloseTo(totalBytes, 0)
    expect(some.memory.totalBytes - none.memory.totalBytes).toBeGreaterThan(0.9 * (some.memory.dataBytes - batches))
    const trained = none.parameters.backbone + none.parameters.action + none.parameters.motion
    expect(none.memory.optimiserBytes).toBe(8 * trained)
    const twice = estimate({ ...config, steps: 2 * config.steps }, null, machine(8 * gib))
    expect(twice.time.totalSeconds - none.time.totalSeconds).toBeCloseTo(config.steps * none.time.secondsPerStep, 6)
    expect(estimate({ ...config, motion: { ...config.motion, target: 'none' } }, null, machine(8 * gib)).parameters).toMatchObject({ motion: 0, vae: 0 })
  })

  it('tells memory from what holds it', () => {
    const config = presetConfig('nano', 'x')
    const data = { frames: 1000, heldFrames: 100, dimensions: { state: 8, action: 7 } }
    const memory = (change: Partial<TrainConfig>) => estimate({ ...config, ...change }, data, machine(8 * gib)).memory
    const whole = memory({})
    // Validation keeps the inputs of its 100 samples.
    expect(whole.dataBytes - estimate(config, { ...data, heldFrames: 0 }, machine(8 * gib)).memory.dataBytes).toBeGreaterThan(100 * 2 * 3 * 64 * 64 * 4)
    // A mirror has motion images of its own; parts of an update have a sum of gradients; what is frozen has no moments.
    expect(memory({ data: { ...config.data, flipProbability: 0.5 } }).dataBytes - whole.dataBytes).toBe(1000 * 64 * 64 * 3)
    expect(memory({ optimiser: { ...config.optimiser, accumulationSteps: 2 } }).totalBytes - whole.totalBytes).toBe(3 * (whole.weightsBytes / 2))
    const warmUp = { stage: 'motion-warm-up', warmUpBackbone: 'frozen' } as const
    expect(memory(warmUp).copyBytes).toBeLessThan(0.7 * memory({ ...warmUp, warmUpBackbone: 'trained' }).copyBytes)
    // An autoencoder from elsewhere is not trained, and its encoding alone may be what takes most.
    const large = { ...config.vae, foldPx: 1, blockChannels: [128, 256, 512, 512], normGroups: 32, weights: 'sd' }
    expect(memory({ vae: large }).totalBytes).toBeGreaterThan(1.5 * whole.totalBytes)
  })

  it('counts the checkpoints that are kept and one more, as far as so many are written, and the cache', () => {
    const config = presetConfig('nano', 'x')
    const disk = (change: Partial<TrainConfig>) => estimate({ ...config, ...change }, { frames: 1000, heldFrames: 100, dimensions: { state: 8, action: 7 } }, machine(8 * gib)).disk
    const { vae } = parameterCounts(config)
    const { checkpointBytes, autoencoderBytes, cacheBytes, totalBytes } = disk({ steps: 3000, checkpointEvery: 100, keepCheckpoints: 3 })
    expect(autoencoderBytes).toBe(4 * vae)
    expect(totalBytes).toBe(4 * checkpointBytes + autoencoderBytes + cacheBytes)
    expect(cacheBytes).toBe(4 * vae + 900 * 4 * 4 * 8 * 8 * 4)
    expect(disk({ steps: 150, checkpointEvery: 100 }).totalBytes).toBe(2 * checkpointBytes + autoencoderBytes + cacheBytes)
    // Without latents there is none.
    expect(disk({ motion: { ...config.motion, target: 'none' } }).autoencoderBytes).toBe(0)
  })

  it('takes the steps of a run that trained the same here before for its own', async () => {
    const home = temporaryHome()
    await recordSquares(home, 'squares')
    const config = { ...smallConfig({ data: { dataset: 'squares' }, motion: { target: 'none' }, steps: 30, checkpointEvery: 30, validateEvery: 30 }), device: 'onnx-cpu' as const, threads: 1 }
    expect(await pastSpeed(home, config, 'onnx-cpu')).toBeNull()
    const run = await createRun(home, { name: 'before', config })
    await runTrainingJob({ runPath: run.path, home })
    const past = await pastSpeed(home, { ...config, seed: 5, steps: 9000, motion: { ...config.motion, lambda: 3 } }, 'onnx-cpu')
    expect(past).toMatchObject({ runId: run.identity.id, secondsPerStep: expect.any(Number) as number })
    const told = estimate({ ...config, steps: 100 }, null, { ...machine(8 * gib), past })
    expect(told.time).toMatchObject({ basis: 'run', asRun: run.identity.id, secondsPerStep: past!.secondsPerStep, totalSeconds: 100 * past!.secondsPerStep })
    // Another size, another provider: nothing is known.
    expect(await pastSpeed(home, { ...config, batchSize: 5 }, 'onnx-cpu')).toBeNull()
    expect(await pastSpeed(home, { ...config, action: { ...config.action, width: 32 } }, 'onnx-cpu')).toBeNull()
    expect(await pastSpeed(home, config, 'tensorflow')).toBeNull()
  })

  it('fits the speeds of products and of the rest to steps that were timed', () => {
    const costs = [{ matrixFlops: 3e9, movedBytes: 7e8, operators: 1700 }, { matrixFlops: 6e9, movedBytes: 1e9, operators: 2000 }, { matrixFlops: 1e9, movedBytes: 4e8, operators: 800 }, { matrixFlops: 9e9, movedBytes: 2.7e9, operators: 4400 }]
    const fitted = fitSpeed(costs.map((cost) => ({ cost, seconds: 5e-12 * cost.matrixFlops + 9e-11 * cost.movedBytes + 1e-5 * cost.operators })))
    expect(fitted.secondsPerFlop).toBeCloseTo(5e-12, 15)
    expect(fitted.secondsPerByte).toBeCloseTo(9e-11, 14)
    expect(fitted.secondsPerOperator).toBeCloseTo(1e-5, 9)
    // Times that say one of them costs less than nothing: the other takes all.
    expect(fitSpeed(costs.map((cost) => ({ cost, seconds: 9e-11 * cost.movedBytes - 1e-12 * cost.matrixFlops }))).secondsPerFlop).toBe(0)
  })

  it('of the desk: the checkpoint on disk is as large as it said', async () => {
    const home = temporaryHome()
    await recordSquares(home, 'squares')
    const config = { ...smallConfig({ data: { dataset: 'squares' }, steps: 1 }), device: 'onnx-cpu' as const, threads: 1 }
    const desk = new Desk(home, { onReplayProgress: () => {}, onWarning: () => {} })
    // What another version has measured is measured anew.
    writeFileSync(join(home.cache, 'machine-speed.json'), '{"onnx-cpu": {"version": 1}}')
    try {
      // Who asks again, as a form does, has the earlier trial ended: its answer comes without one.
      const earlier = desk.estimate({ config: { ...config, batchSize: 2 }, tries: true })
      const told = estimateSchema.parse(await desk.estimate({ config, tries: true }))
      expect(told.time).toMatchObject({ provider: 'onnx-cpu', basis: 'trial', asRun: null })
      expect((await earlier).time.basis).toBe('speed')
      expect(told.time.secondsPerStep).toBeGreaterThan(0)
      expect(told.memory.dataBytes).toBeGreaterThan(72 * 3 * 16 * 16 * 3)
      const run = await createRun(home, { name: 'r', config })
      await runTrainingJob({ runPath: run.path, home })
      const folder = join(run.path, 'checkpoints', readdirSync(join(run.path, 'checkpoints'))[0]!)
      const tensors = readdirSync(folder).filter((name) => name.endsWith('.safetensors')).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
      // The headers of the files are the rest; they weigh for a model as small as this one.
      const saidBytes = told.disk.checkpointBytes + told.disk.autoencoderBytes
      expect(tensors).toBeGreaterThan(saidBytes)
      expect(tensors - saidBytes).toBeLessThan(100_000)
    } finally {
      desk.dispose()
    }
  })
})
