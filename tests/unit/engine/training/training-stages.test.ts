import { appendFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { loadCheckpoint } from '../../../../electron/checkpoint/restore.ts'
import type { TrainConfig, TrainConfigInput } from '../../../../electron/contract/config.ts'
import { createRun, readStatus, reconcileRun, runFile, type RunFolder } from '../../../../electron/engine/runs/run-folder.ts'
import { tailLog } from '../../../../electron/engine/runs/run-summary.ts'
import { runTrainingJob } from '../../../../electron/engine/training/training-job.ts'
import { readMetrics } from '../../../../electron/metrics/reader.ts'
import { forkChild } from '../../../../electron/platform/child-process.ts'
import type { Home } from '../../../../electron/platform/paths.ts'
import { recordSquares } from '../../../support/recorded-squares.ts'
import { temporaryHome, until } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

type Overrides = Parameters<typeof smallConfig>[0]

const patienceMs = 240_000
/** So many that a process is killed long before the last, on a fast machine, too. */
const steps = 60
const checkpointEvery = 10

let home: Home
let warm: RunFolder

const configOf = (change: Overrides): TrainConfigInput => ({ ...smallConfig({ data: { dataset: 'squares' }, steps, checkpointEvery, validateEvery: 30, sampleEvery: 0, ...change }), device: 'onnx-cpu', threads: 1 })

async function trained(name: string, config: TrainConfigInput): Promise<RunFolder> {
  const run = await createRun(home, { name, config })
  expect(await runTrainingJob({ runPath: run.path, home })).toMatchObject({ state: 'finished', error: null })
  return run
}

/** Trains in a process of its own, kills it with SIGKILL as soon as `isTime`, and lets it be resumed to its end. */
async function killedAndResumed(config: TrainConfigInput, isTime: (path: string) => boolean | Promise<boolean>): Promise<RunFolder> {
  const run = await createRun(home, { name: 'killed', config, forHost: true })
  const child = forkChild('engine-worker', { args: ['job', home.root, run.path], name: 'job', outputPath: join(run.path, 'engine.log') })
  await until(() => isTime(run.path), patienceMs)
  process.kill(child.pid!, 'SIGKILL')
  await until(async () => (await reconcileRun(run.path)).state === 'crashed', patienceMs)
  expect((await readStatus(run.path)).step).toBeLessThan(steps)
  expect(await runTrainingJob({ runPath: run.path, home })).toMatchObject({ state: 'finished', error: null })
  return run
}

async function expectSame(own: RunFolder, reference: RunFolder): Promise<void> {
  const losses = async ({ path }: RunFolder): Promise<unknown> => {
    const metrics = await readMetrics(runFile.metrics(path))
    return metrics.names.filter((name) => /^(loss|val|grad)/.test(name)).map((name) => [name, [...metrics.series(name)!.steps], [...metrics.series(name)!.values]])
  }
  expect(await losses(own)).toEqual(await losses(reference))
  const [a, b] = await Promise.all([loadCheckpoint(own.path, steps), loadCheckpoint(reference.path, steps)])
  expect(Object.keys(a.tensors).sort()).toEqual(Object.keys(b.tensors).sort())
  for (const [name, { data }] of Object.entries(b.tensors)) expect(Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(Buffer.from(a.tensors[name]!.data.buffer, a.tensors[name]!.data.byteOffset, a.tensors[name]!.data.byteLength)), name).toBe(true)
}

const hasCheckpoint = (step: number) => (path: string): boolean => existsSync(join(runFile.checkpoints(path), String(step)))
const hasTrained = async (path: string): Promise<boolean> => ((await readMetrics(runFile.metrics(path))).series('loss/total')?.count ?? 0) > 0

beforeAll(async () => {
  home = temporaryHome()
  await recordSquares(home)
  warm = await trained('warm', configOf({ stage: 'motion-warm-up' }))
}, patienceMs)

describe('killed with -9 and resumed, a run ends bit for bit as the one that was never interrupted', { timeout: 2 * patienceMs }, () => {
  it('in the warm-up, after a checkpoint', async () => {
    await expectSame(await killedAndResumed(configOf({ stage: 'motion-warm-up' }), hasCheckpoint(checkpointEvery)), warm)
  })

  it('in the second stage, before its first checkpoint: it begins again with what the warm-up left', async () => {
    const config = configOf({ startFrom: warm.identity.id, checkpointEvery: steps })
    await expectSame(await killedAndResumed(config, hasTrained), await trained('second stage', config))
  })

  it('in the second stage, after a checkpoint: the warm-up is no longer needed', async () => {
    const config = configOf({ startFrom: warm.identity.id })
    const reference = await trained('second stage', config)
    expect((await loadCheckpoint(reference.path, steps)).meta).toMatchObject({ config: { stage: 'joint', startFrom: warm.identity.id } })
    await expectSame(await killedAndResumed(config, hasCheckpoint(checkpointEvery)), reference)
  })

  it('while gradients are accumulated', async () => {
    const config = configOf({ motion: { target: 'none' }, optimiser: { warmupSteps: 2, accumulationSteps: 3 } })
    await expectSame(await killedAndResumed(config, hasCheckpoint(checkpointEvery)), await trained('accumulated', config))
  })
})

it('passes a damaged checkpoint of the run to start from over for the one before, and says so', async () => {
  const source = await trained('to start from', configOf({ motion: { target: 'none' }, keepCheckpoints: 2 }))
  const config = configOf({ motion: { target: 'none' }, startFrom: source.identity.id, steps: 1, optimiser: { learningRate: 1e-30, weightDecay: 0 } })
  const kept = readdirSync(runFile.checkpoints(source.path)).map(Number).sort((a, b) => b - a)
  expect(kept.slice(0, 2)).toEqual([steps, steps - checkpointEvery])
  // Two as asked, and the best.
  expect(kept).toHaveLength(3)
  const before = await loadCheckpoint(source.path, steps - checkpointEvery)
  appendFileSync(join(runFile.checkpoints(source.path), String(steps), 'ema.safetensors'), 'x')
  const run = await trained('continues', config)
  const log = (await tailLog(run.path, 200)).join('\n')
  expect(log).toContain(`${source.identity.id}: The checkpoint of step ${steps} is damaged and is passed over`)
  expect(log).toContain(`Starting from ${source.identity.id}, its checkpoint of step ${steps - checkpointEvery}`)
  // A learning rate that moves nothing shows what it began with.
  const { tensors } = await loadCheckpoint(run.path, 1)
  const begun = Object.keys(tensors).filter((name) => name.startsWith('params/'))
  expect(begun.length).toBeGreaterThan(10)
  for (const name of begun) expect(tensors[name]!.data, name).toEqual(before.tensors[name.replace('params/', 'ema/')]!.data)

  // Of one checkpoint that is named there is none before.
  const named = await createRun(home, { name: 'named', config: { ...config, startFrom: `${source.identity.id}@${steps}` } as TrainConfig })
  expect(await runTrainingJob({ runPath: named.path, home })).toMatchObject({ state: 'failed', error: { code: 'checkpoint-damaged' } })
}, patienceMs)

it('refuses to begin where memory is short, before it reads the data, however it is started; and goes on when told to', async () => {
  const run = await createRun(home, { name: 'huge', config: configOf({ batchSize: 50_000_000, steps: 1 }) })
  const status = await runTrainingJob({ runPath: run.path, home })
  expect(status).toMatchObject({ state: 'failed', step: 0, error: { code: 'out-of-memory', message: expect.stringMatching(/^Training takes about [\d.]+ GB of memory, and [\d.]+ GB are available/) as string, hint: expect.stringMatching(/Lower batchSize from 50000000 to \d+/) as string } })
  expect((await tailLog(run.path, 100)).join('\n')).not.toContain('Phase load begins')
  // The job of the host, which trains queued and resumed runs, is the same.
  const queued = await createRun(home, { name: 'huge, queued', config: configOf({ batchSize: 50_000_000, steps: 1 }), forHost: true })
  forkChild('engine-worker', { args: ['job', home.root, queued.path], name: 'job', outputPath: join(queued.path, 'engine.log') })
  await until(async () => (await readStatus(queued.path)).state === 'failed', patienceMs)
  expect((await readStatus(queued.path)).error).toMatchObject({ code: 'out-of-memory' })

  const available = vi.spyOn(process, 'availableMemory').mockReturnValue(2 ** 27)
  try {
    const small = await createRun(home, { name: 'small', config: configOf({ motion: { target: 'none' }, steps: 1 }) })
    expect(await runTrainingJob({ runPath: small.path, home })).toMatchObject({ state: 'failed', error: { code: 'out-of-memory' } })
    // As its user asked for on the page when it was made.
    const anyway = await createRun(home, { name: 'anyway', config: configOf({ motion: { target: 'none' }, steps: 1 }), ignoresMemory: true })
    expect(await runTrainingJob({ runPath: anyway.path, home })).toMatchObject({ state: 'finished' })
    // Resumed with --force.
    expect(await runTrainingJob({ runPath: small.path, home, ignoresMemory: true })).toMatchObject({ state: 'finished' })
  } finally {
    available.mockRestore()
  }
}, patienceMs)
