import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFolderAtomic, ioError, writeFileAtomic } from '../../../electron/platform/fs-atomic.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kinora-atomic-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('writeFileAtomic', () => {
  it('replaces a file whole and leaves nothing else behind', async () => {
    const path = join(folder, 'deep', 'status.json')
    await writeFileAtomic(path, 'old')
    await writeFileAtomic(path, 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(join(folder, 'deep'))).toEqual(['status.json'])
  })

  it('keeps the last of many writes at once', async () => {
    const path = join(folder, 'file')
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`)
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)))
    expect(texts).toContain(readFileSync(path, 'utf8'))
    expect(readdirSync(folder)).toEqual(['file'])
  })
})

describe('createFolderAtomic', () => {
  it('leaves no folder when filling it fails', async () => {
    const path = join(folder, 'checkpoint')
    const failing = createFolderAtomic(path, async (temporary) => {
      await writeFile(join(temporary, 'half'), 'half')
      throw new Error('out of luck')
    })
    await expect(failing).rejects.toThrow('out of luck')
    expect(existsSync(path)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('ioError', () => {
  it.each([
    ['ENOSPC', 'disk-full'],
    ['EACCES', 'io'],
    ['ENOENT', 'not-found'],
  ])('names %s as %s', (systemCode, code) => {
    const error = ioError(Object.assign(new Error(systemCode), { code: systemCode }), 'write /data/x')
    expect(error).toMatchObject({ code })
  })
})
