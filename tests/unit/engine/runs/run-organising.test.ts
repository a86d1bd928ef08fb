import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { trainConfigSchema } from '../../../../electron/contract/config.ts'
import { annotate, readAnnotations } from '../../../../electron/engine/runs/annotations.ts'
import { groupKey } from '../../../../electron/engine/runs/group-key.ts'
import { runFile } from '../../../../electron/engine/runs/run-folder.ts'
import { emptyTrash, listTrash, restoreRun, trashRun } from '../../../../electron/engine/runs/run-trash.ts'
import { makeRun, setStatus, temporaryHome } from '../../../support/run-fixtures.ts'

test('tags and notes lie in the run folder, one change keeps the other, and a damaged file hides nothing', async () => {
  const { path } = await makeRun(temporaryHome())
  expect(await readAnnotations(path)).toEqual({ tags: [], notes: '' })
  await annotate(path, { tags: ['paper', 'good', 'paper'] })
  await annotate(path, { notes: 'Looks right.' })
  expect(await readAnnotations(path)).toEqual({ tags: ['paper', 'good'], notes: 'Looks right.' })
  writeFileSync(runFile.annotations(path), '{"tags": 3')
  expect(await readAnnotations(path)).toEqual({ tags: [], notes: '' })
})

test('runs that differ in the seed and the device alone share a group, others do not', () => {
  const of = (own: object) => groupKey(trainConfigSchema.parse({ data: { dataset: 'cups' }, ...own }))
  expect(of({ seed: 1, device: 'cpu', threads: 2 })).toBe(of({ seed: 2 }))
  expect(of({ motion: { lambda: 0.3 } })).not.toBe(of({}))
})

test('a deleted run is whole in the trash, comes back as it was, and is gone only when the trash is emptied', async () => {
  const home = temporaryHome()
  const { path, identity } = await makeRun(home, 'kept')
  const before = readdirSync(path).sort()
  const trashed = await trashRun(home, identity.id, 1000)
  expect(trashed).toMatchObject({ id: identity.id, name: 'kept', deletedAt: 1000 })
  expect(trashed.bytes).toBeGreaterThan(100)
  expect(existsSync(path)).toBe(false)
  expect(await listTrash(home)).toEqual([trashed])
  await restoreRun(home, identity.id)
  expect(readdirSync(path).sort()).toEqual(before)
  await expect(restoreRun(home, identity.id)).rejects.toMatchObject({ code: 'not-found' })

  await trashRun(home, identity.id, 1000)
  expect(await emptyTrash(home, ({ deletedAt }) => deletedAt < 1000)).toBe(0)
  expect(await emptyTrash(home, () => true)).toBe(trashed.bytes)
  expect(existsSync(join(home.trash, identity.id))).toBe(false)
})

test('a run at work is not deleted, and one never takes the place of another', async () => {
  const home = temporaryHome()
  const active = await makeRun(home, 'active')
  await setStatus(active.path, { state: 'running', pid: process.pid, processStart: null, updatedAt: Date.now() })
  await expect(trashRun(home, active.identity.id)).rejects.toMatchObject({ code: 'usage' })
  const other = await makeRun(home, 'other')
  await trashRun(home, other.identity.id)
  const again = join(home.runs, other.identity.id)
  await import('node:fs/promises').then(({ mkdir }) => mkdir(again))
  await expect(restoreRun(home, other.identity.id)).rejects.toMatchObject({ code: 'usage' })
  expect(existsSync(join(home.trash, other.identity.id))).toBe(true)
})
