import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float32, int32, type HostTensors } from '../../../electron/base/host-tensor.ts'
import { listCheckpoints, loadCheckpoint, openCheckpoint } from '../../../electron/checkpoint/restore.ts'
import { retainCheckpoints } from '../../../electron/checkpoint/retain.ts'
import { saveCheckpoint } from '../../../electron/checkpoint/save.ts'
import { verifyCheckpoint } from '../../../electron/checkpoint/verify.ts'

let folder: string
let count = 0
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-checkpoint-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })
const newRun = (): string => join(folder, `run-${count++}`)

const contentOf = (step: number): { tensors: HostTensors; meta: unknown } => ({
  tensors: {
    'params/w': float32(Float32Array.of(step, NaN, -0, Infinity), [2, 2]),
    'ema/w': float32(Float32Array.of(step + 0.5), [1]),
    'motion/w': float32(Float32Array.of(step + 0.25), [1]),
    'vae/w': float32(Float32Array.of(7), [1]),
    'adam-m/w': float32(new Float32Array(0), [0]),
    'adam-v/step': int32(Int32Array.of(step), []),
  },
  meta: { step, rng: { seed: 1, stream: 2, position: 12345678901 }, nested: [null, 'é'] },
})

describe('checkpoints', () => {
  it('give back tensors and meta bit for bit', async () => {
    const run = newRun()
    await saveCheckpoint(run, 10, contentOf(10))
    const loaded = await loadCheckpoint(run)
    expect(loaded).toEqual({ step: 10, ...contentOf(10), skipped: [] })
    expect(Object.is(loaded.tensors['params/w']!.data[2], -0)).toBe(true)
    expect(await readdir(join(run, 'checkpoints'))).toEqual(['10'])
  })

  it('keep each group in a file of its own, so that acting needs neither optimiser nor motion head', async () => {
    const run = newRun()
    const path = await saveCheckpoint(run, 1, contentOf(1))
    for (const group of ['params', 'adam-m', 'adam-v', 'motion', 'vae']) await rm(join(path, `${group}.safetensors`))
    // Even their absence would be noticed, so put files of the right size there: they are not read.
    await saveCheckpoint(run, 2, contentOf(2))
    const other = join(run, 'checkpoints', '2')
    for (const group of ['params', 'adam-m', 'adam-v', 'motion', 'vae']) {
      const file = join(other, `${group}.safetensors`)
      await writeFile(file, new Uint8Array((await readFile(file)).length))
    }
    const checkpoint = await openCheckpoint(run, 2, { groups: ['ema'] })
    expect(await checkpoint.read('ema')).toEqual({ 'ema/w': float32(Float32Array.of(2.5), [1]) })
    await expect(checkpoint.read('motion')).rejects.toMatchObject({ code: 'internal' })
    expect((await loadCheckpoint(run, 2, { names: ['ema/'] })).tensors).toEqual({ 'ema/w': float32(Float32Array.of(2.5), [1]) })
    await expect(loadCheckpoint(run, 2)).rejects.toMatchObject({ code: 'checkpoint-damaged' })
  })

  it('select single tensors by name', async () => {
    const run = newRun()
    await saveCheckpoint(run, 1, contentOf(1))
    expect(Object.keys((await loadCheckpoint(run, 1, { names: ['vae/', 'params/w', 'ema/none'] })).tensors).sort()).toEqual(['params/w', 'vae/w'])
  })

  it('replace an older one of the same step', async () => {
    const run = newRun()
    await saveCheckpoint(run, 5, contentOf(5))
    await saveCheckpoint(run, 5, contentOf(6))
    expect((await loadCheckpoint(run, 5)).tensors['params/w']!.data[0]).toBe(6)
    expect(await readdir(join(run, 'checkpoints'))).toEqual(['5'])
  })

  it('fall back over damaged ones and say why', async () => {
    const run = newRun()
    for (const step of [1, 2, 3, 4]) await saveCheckpoint(run, step, contentOf(step))
    await truncate(join(run, 'checkpoints/4/params.safetensors'), 20)
    await rm(join(run, 'checkpoints/3/manifest.json'))
    const loaded = await loadCheckpoint(run, 'latest')
    expect(loaded.step).toBe(2)
    expect(loaded.tensors).toEqual(contentOf(2).tensors)
    expect(loaded.skipped).toEqual([
      { step: 4, reason: expect.stringMatching(/params\.safetensors has 20 bytes, expected \d+/) },
      { step: 3, reason: expect.stringContaining('never finished') },
    ])
    expect((await listCheckpoints(run)).map(({ step, isValid }) => [step, isValid])).toEqual([[1, true], [2, true], [3, false], [4, false]])
    // Asked for by number, another step is never given instead.
    await expect(loadCheckpoint(run, 4)).rejects.toMatchObject({ code: 'checkpoint-damaged', hint: expect.stringContaining('1, 2, 3') })
  })

  it('say which there are when there is none to load', async () => {
    const run = newRun()
    await expect(loadCheckpoint(run)).rejects.toMatchObject({ code: 'not-found' })
    await saveCheckpoint(run, 8, contentOf(8))
    await expect(loadCheckpoint(run, 7)).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining('8') })
    await writeFile(join(run, 'checkpoints/8/meta.json'), '{}')
    await expect(loadCheckpoint(run)).rejects.toMatchObject({ code: 'checkpoint-damaged', message: expect.stringContaining('meta.json') })
  })

  it('notice every single flipped bit and every cut in every file', async () => {
    const run = newRun()
    const path = await saveCheckpoint(run, 3, contentOf(3))
    expect((await verifyCheckpoint(path)).reason).toBeNull()
    let state = 99
    const random = (bound: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % bound
    for (const name of await readdir(path)) {
      const whole = await readFile(join(path, name))
      for (let trial = 0; trial < 10; trial++) {
        const bytes = Uint8Array.from(trial % 5 === 0 ? whole.subarray(0, random(whole.length)) : whole)
        if (trial % 5 !== 0) bytes[random(bytes.length)]! ^= 1 << random(8)
        await writeFile(join(path, name), bytes)
        const { reason } = await verifyCheckpoint(path)
        // White space in the manifest carries nothing.
        if (name === 'manifest.json' && reason === null) expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(JSON.parse(whole.toString()))
        else expect(reason, `${name}, trial ${trial}`).toEqual(expect.any(String))
      }
      await writeFile(join(path, name), whole)
    }
    expect((await verifyCheckpoint(path)).reason).toBeNull()
  })

  it.skipIf(process.platform === 'win32')('read nothing outside their folder: neither through a name in the manifest nor through a link', async () => {
    const run = newRun()
    const path = await saveCheckpoint(run, 3, contentOf(3))
    const manifest = await readFile(join(path, 'manifest.json'), 'utf8')
    await writeFile(join(path, 'manifest.json'), manifest.replace('ema.safetensors', '../../../secret.json'))
    expect((await verifyCheckpoint(path)).reason).toContain('manifest is not valid')
    await writeFile(join(path, 'manifest.json'), manifest)
    await cp(join(path, 'ema.safetensors'), join(folder, 'elsewhere'))
    await rm(join(path, 'ema.safetensors'))
    await symlink(join(folder, 'elsewhere'), join(path, 'ema.safetensors'))
    expect((await verifyCheckpoint(path)).reason).toContain('no regular file')
  })

  it('are kept by number, with the named ones, and never the last good one deleted', async () => {
    const run = newRun()
    for (const step of [1, 2, 3, 4, 5, 6]) await saveCheckpoint(run, step, contentOf(step), { keep: 2, also: [2] })
    expect((await listCheckpoints(run)).map(({ step }) => step)).toEqual([2, 5, 6])
    await rm(join(run, 'checkpoints/6/manifest.json'))
    await rm(join(run, 'checkpoints/5/ema.safetensors'))
    expect(await retainCheckpoints(run, { keep: 1 })).toEqual([])
    expect((await loadCheckpoint(run)).step).toBe(2)
  })

  it('leave no trace of a failed save, and the old one in place', async () => {
    const run = newRun()
    await saveCheckpoint(run, 1, contentOf(1))
    await expect(saveCheckpoint(run, 1, { tensors: { nogroup: float32(Float32Array.of(1), [1]) }, meta: {} })).rejects.toMatchObject({ code: 'internal' })
    const circular: Record<string, unknown> = {}
    circular.self = circular
    await expect(saveCheckpoint(run, 1, { tensors: contentOf(9).tensors, meta: circular })).rejects.toThrow()
    expect(await loadCheckpoint(run)).toEqual({ step: 1, ...contentOf(1), skipped: [] })
    expect(await readdir(join(run, 'checkpoints'))).toEqual(['1'])
  })

  it('are whole whenever the writing process is killed', async () => {
    const run = newRun()
    await mkdir(run)
    const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
    const writer = fileURLToPath(new URL('../../fixtures/checkpoint-writer.ts', import.meta.url))
    let next = 1
    for (let round = 0; round < 5; round++) {
      const child = spawn(node, [writer, run, String(next)], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise((resolve, reject) => {
        child.stdout.once('data', resolve)
        child.once('error', reject)
      })
      await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 160))
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
      const entries = await listCheckpoints(run)
      expect(entries.filter(({ isValid }) => !isValid)).toEqual([])
      if (entries.length === 0) continue
      const loaded = await loadCheckpoint(run)
      expect(loaded.step).toBeGreaterThanOrEqual(next - 2)
      expect(loaded.meta).toEqual({ step: loaded.step })
      expect(loaded.tensors['motion/a']!.data.every((value) => value === loaded.step + 0.75)).toBe(true)
      next = loaded.step + 1
    }
    expect(next, 'something was written between the kills').toBeGreaterThan(5)
    await saveCheckpoint(run, next, contentOf(next), { keep: 3 })
    expect((await readdir(join(run, 'checkpoints'))).filter((name) => name.startsWith('.')), 'left-overs of the killed').toEqual([])
  })
})
