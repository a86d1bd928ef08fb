import { existsSync } from 'node:fs'
import { cp, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float32 } from '../../../electron/base/host-tensor.ts'
import { loadCheckpoint } from '../../../electron/checkpoint/restore.ts'
import { retainCheckpoints } from '../../../electron/checkpoint/retain.ts'
import { saveCheckpoint, type CheckpointContent } from '../../../electron/checkpoint/save.ts'
import { verifyCheckpoint } from '../../../electron/checkpoint/verify.ts'
import { folderBytes } from '../../../electron/platform/folder-bytes.ts'

let folder: string
let count = 0
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-share-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })
const newRun = (): string => join(folder, `run-${count++}`)

const contentOf = (step: number, vae = 7): CheckpointContent => ({
  tensors: { 'params/w': float32(Float32Array.of(step), [1]), 'vae/encoder/w': float32(new Float32Array(1000).fill(vae), [1000]), 'vae/scale': float32(Float32Array.of(0.18215), [1]) },
  meta: { step },
  frozen: ['vae'],
})
const fileOf = (run: string, step: number, group = 'vae'): string => join(run, 'checkpoints', String(step), `${group}.safetensors`)
const inodeOf = async (run: string, step: number, group?: string): Promise<number> => (await stat(fileOf(run, step, group))).ino
const expectWhole = async (run: string, step: number, vae?: number): Promise<void> => expect(await loadCheckpoint(run, step)).toMatchObject({ step, tensors: contentOf(step, vae).tensors })

describe('weights that no step changes', () => {
  it('are on disk once for all checkpoints of a run, each of which is whole by itself', async () => {
    const run = newRun()
    for (const step of [1, 2, 3]) await saveCheckpoint(run, step, contentOf(step))
    expect(await inodeOf(run, 2)).toBe(await inodeOf(run, 1))
    expect(await inodeOf(run, 3)).toBe(await inodeOf(run, 1))
    expect(await inodeOf(run, 3, 'params')).not.toBe(await inodeOf(run, 1, 'params'))
    const one = await folderBytes(join(run, 'checkpoints', '1'))
    expect(await folderBytes(run)).toBeLessThan(2 * one)
    for (const step of [1, 2, 3]) await expectWhole(run, step)
  })

  it('outlive the checkpoint that had them first, and go with the last', async () => {
    const run = newRun()
    for (const step of [1, 2, 3]) await saveCheckpoint(run, step, contentOf(step))
    expect(await retainCheckpoints(run, { keep: 1 })).toEqual([2, 1])
    await expectWhole(run, 3)
    expect((await stat(fileOf(run, 3))).nlink).toBe(1)
    await saveCheckpoint(run, 4, contentOf(4), { keep: 1 })
    await expectWhole(run, 4)
  })

  it('are shared with the checkpoint that is replaced, and in a copy or a moved run', async () => {
    const run = newRun()
    await saveCheckpoint(run, 1, contentOf(1))
    const first = await inodeOf(run, 1)
    await saveCheckpoint(run, 1, contentOf(1))
    expect(await inodeOf(run, 1)).toBe(first)
    await saveCheckpoint(run, 2, contentOf(2))
    const [copy, moved] = [newRun(), newRun()]
    await cp(run, copy, { recursive: true })
    await rename(run, moved)
    for (const place of [copy, moved]) {
      for (const step of [1, 2]) await expectWhole(place, step)
      await saveCheckpoint(place, 3, contentOf(3))
      expect(await inodeOf(place, 3)).toBe(await inodeOf(place, 2))
    }
    await rm(moved, { recursive: true })
    for (const step of [1, 2, 3]) await expectWhole(copy, step)
  })

  it('are written anew where they differ, or where those on disk went bad', async () => {
    const run = newRun()
    await saveCheckpoint(run, 1, contentOf(1))
    await saveCheckpoint(run, 2, contentOf(2, 8))
    await expectWhole(run, 1)
    await expectWhole(run, 2, 8)
    await saveCheckpoint(run, 3, contentOf(3))
    expect(await inodeOf(run, 3)).toBe(await inodeOf(run, 1))
    // Bits that flip keep the size.
    await writeFile(fileOf(run, 3), new Uint8Array((await stat(fileOf(run, 3))).size))
    await saveCheckpoint(run, 4, contentOf(4))
    await expectWhole(run, 4)
    expect((await verifyCheckpoint(join(run, 'checkpoints', '3'))).reason).toContain('vae.safetensors')
  })

  it('are shared with checkpoints that were written without sharing', async () => {
    const run = newRun()
    for (const step of [1, 2]) await saveCheckpoint(run, step, { ...contentOf(step), frozen: [] })
    expect(await inodeOf(run, 2)).not.toBe(await inodeOf(run, 1))
    await saveCheckpoint(run, 3, contentOf(3))
    expect(await inodeOf(run, 3)).toBe(await inodeOf(run, 2))
  })

  it.skipIf(!existsSync('/dev/shm'))('are written anew where no link can be made, as from another file system (skipped where there is no /dev/shm)', async () => {
    const run = newRun()
    await saveCheckpoint(run, 1, contentOf(1))
    const elsewhere = await mkdtemp('/dev/shm/kinora-share-')
    try {
      await cp(join(run, 'checkpoints', '1'), elsewhere, { recursive: true })
      await rm(join(run, 'checkpoints', '1'), { recursive: true })
      await symlink(elsewhere, join(run, 'checkpoints', '1'))
      await saveCheckpoint(run, 2, contentOf(2))
      expect((await stat(fileOf(run, 2))).nlink).toBe(1)
      await expectWhole(run, 2)
    } finally {
      await rm(elsewhere, { recursive: true, force: true })
    }
  })
})
