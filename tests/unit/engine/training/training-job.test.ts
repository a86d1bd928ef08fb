import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { loadCheckpoint } from '../../../../electron/checkpoint/restore.ts'
import type { TrainConfigInput } from '../../../../electron/contract/config.ts'
import { createRun, readStatus, reconcileRun, runFile } from '../../../../electron/engine/runs/run-folder.ts'
import { tailLog } from '../../../../electron/engine/runs/run-summary.ts'
import { runTrainingJob } from '../../../../electron/engine/training/training-job.ts'
import { readMetrics } from '../../../../electron/metrics/reader.ts'
import { forkChild } from '../../../../electron/platform/child-process.ts'
import type { Home } from '../../../../electron/platform/paths.ts'
import { recordSquares } from '../../../support/recorded-squares.ts'
import { temporaryHome, until } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

let home: Home
const steps = 8

/** The action head alone: what is tested here does not depend on the heads, and one head compiles faster. */
function configOf(change: Partial<TrainConfigInput> = {}): TrainConfigInput {
  return { ...smallConfig({ data: { dataset: 'squares' }, motion: { target: 'none' }, steps, checkpointEvery: 3, validateEvery: 4 }), device: 'onnx-cpu', threads: 1, ...change }
}

async function lossesOf(path: string): Promise<Record<string, number[]>> {
  const metrics = await readMetrics(runFile.metrics(path))
  return Object.fromEntries(['loss/total', 'loss/action', 'grad-norm', 'val/action'].map((name) => [name, [...(metrics.series(name)?.values ?? [])]]))
}

/** The uninterrupted run that every interrupted one must equal. */
let reference: { path: string; losses: Record<string, number[]> }

beforeAll(async () => {
  home = temporaryHome()
  await recordSquares(home)
  const { path } = await createRun(home, { name: 'reference', config: configOf() })
  const status = await runTrainingJob({ runPath: path, home })
  expect(status).toMatchObject({ state: 'finished', step: steps, error: null, provider: 'onnx-cpu' })
  reference = { path, losses: await lossesOf(path) }
})

async function expectSameResult(path: string): Promise<void> {
  expect(await lossesOf(path)).toEqual(reference.losses)
  const [own, whole] = await Promise.all([loadCheckpoint(path, steps), loadCheckpoint(reference.path, steps)])
  expect(Object.keys(own.tensors).sort()).toEqual(Object.keys(whole.tensors).sort())
  for (const [name, tensor] of Object.entries(whole.tensors)) expect(own.tensors[name]!.data, name).toEqual(tensor.data)
}

test('a finished run has every step in its metrics, its checkpoints, and nothing left of its process', async () => {
  const { path, losses } = reference
  expect(losses['loss/total']!.length).toBe(steps)
  expect(losses['val/action']!.length).toBe(2)
  expect(readdirSync(runFile.checkpoints(path)).sort()).toEqual(['3', '6', '8'])
  expect(await readStatus(path)).toMatchObject({ state: 'finished', pid: null })
  expect(readdirSync(path)).not.toContain('.lock')
  expect((await tailLog(path, 100)).join('\n')).toMatch(/Checkpoint of step 8 written[^]*finished at step 8/)
})

test('paused in the middle and resumed, it is bit for bit the run that was never interrupted', async () => {
  const { path } = await createRun(home, { name: 'paused', config: configOf() })
  const pause = new AbortController()
  const first = await runTrainingJob({ runPath: path, home, signal: pause.signal, onEvent: (event) => event.type === 'step' && event.phase === 'train' && event.step === 4 && pause.abort() })
  expect(first).toMatchObject({ state: 'paused', step: 4, pid: null, error: null })
  expect(await runTrainingJob({ runPath: path, home })).toMatchObject({ state: 'finished' })
  expect(readdirSync(runFile.metrics(path)).sort()).toEqual(['0000-000000000.ndjson', '0001-000000005.ndjson'])
  await expectSameResult(path)
})

test('killed with -9 and resumed, too', async () => {
  const { path } = await createRun(home, { name: 'killed', config: configOf(), forHost: true })
  const child = forkChild('engine-worker', { args: ['job', home.root, path], name: 'job', outputPath: join(path, 'engine.log') })
  await until(async () => ((await readMetrics(runFile.metrics(path))).series('loss/total')?.count ?? 0) >= 4, 40_000)
  process.kill(child.pid!, 'SIGKILL')
  await until(async () => (await reconcileRun(path)).state === 'crashed')
  expect(await runTrainingJob({ runPath: path, home })).toMatchObject({ state: 'finished' })
  await expectSameResult(path)
})

test('a damaged checkpoint is passed over aloud for the one before', async () => {
  const { path } = await createRun(home, { name: 'damaged', config: configOf() })
  const stop = new AbortController()
  const stopped = await runTrainingJob({ runPath: path, home, stopSignal: stop.signal, onEvent: (event) => event.type === 'step' && event.phase === 'train' && event.step === 7 && stop.abort() })
  expect(stopped.state).toBe('stopped')
  appendFileSync(join(runFile.checkpoints(path), '7', 'params.safetensors'), 'x')
  expect(await runTrainingJob({ runPath: path, home })).toMatchObject({ state: 'finished' })
  expect((await tailLog(path, 200)).join('\n')).toMatch(/checkpoint of step 7 is damaged[^]*Continuing from the checkpoint of step 6/)
  await expectSameResult(path)
})

test('what goes wrong is in the status with code, message and hint, and can be put right', async () => {
  const { path } = await createRun(home, { name: 'astray', config: configOf({ data: { ...configOf().data, dataset: 'later' } }) })
  expect(await runTrainingJob({ runPath: path, home })).toMatchObject({ state: 'failed', error: { code: 'not-found', message: expect.stringContaining('"later"') as string } })
  await recordSquares(home, 'later')
  const abort = new AbortController()
  abort.abort()
  expect(await runTrainingJob({ runPath: path, home, signal: abort.signal })).toMatchObject({ state: 'paused', error: null })
  expect((await runTrainingJob({ runPath: path, home })).state).toBe('finished')
})

test('a last checkpoint that cannot be written fails the run and keeps its metrics', async () => {
  const { path } = await createRun(home, { name: 'no room', config: configOf({ steps: 2, checkpointEvery: 100 }) })
  const status = await runTrainingJob({ runPath: path, home, onEvent: (event) => event.type === 'phase' && event.phase === 'train' && writeFileSync(runFile.checkpoints(path), 'in the way') })
  expect(status).toMatchObject({ state: 'failed', step: 2 })
  expect((await lossesOf(path))['loss/total']!.length).toBe(2)
})

test('of two that start a run at once one trains it and the other is told; a finished run does not start', async () => {
  const { path } = await createRun(home, { name: 'twice', config: configOf({ steps: 2 }) })
  const both = await Promise.allSettled([runTrainingJob({ runPath: path, home }), runTrainingJob({ runPath: path, home })])
  expect(both.flatMap((result) => (result.status === 'fulfilled' ? [result.value.state] : []))).toEqual(['finished'])
  expect(both.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []))).toEqual(['already-running'])
  await expect(runTrainingJob({ runPath: path, home })).rejects.toMatchObject({ code: 'usage' })
})

test('runs that see the same motion images share one autoencoder', async () => {
  const config = configOf({ motion: smallConfig().motion, steps: 1 })
  for (const [name, words] of [['first', /The autoencoder is trained/], ['second', /trained by an earlier run/]] as const) {
    const { path } = await createRun(home, { name, config })
    expect((await runTrainingJob({ runPath: path, home })).state).toBe('finished')
    expect((await tailLog(path, 100)).join('\n')).toMatch(words)
    const metrics = await readMetrics(runFile.metrics(path))
    expect(metrics.series('vae/psnr')!.count).toBe(1)
    expect(metrics.series('vae/reconstruction')?.count ?? 0).toBe(name === 'first' ? 4 : 0)
  }
})
