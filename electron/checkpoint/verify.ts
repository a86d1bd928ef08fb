import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { decodeManifest, manifestName, type Manifest } from './manifest.ts'

const maxManifestBytes = 2 ** 20

export type Verification = { readonly manifest: Manifest; readonly reason: null } | { readonly manifest: null; readonly reason: string }

/**
 * Compares a checkpoint's files with its manifest: the sizes of all, and the hashes of those that `files` selects (all
 * where left out). Never throws for damage; `reason` says which file and how it differs.
 */
export async function verifyCheckpoint(folder: string, files?: (name: string) => boolean): Promise<Verification> {
  try {
    const path = join(folder, manifestName)
    const status = await lstat(path).catch(() => null)
    if (status === null) throw new Error('it has no manifest, so it was never finished')
    if (!status.isFile() || status.size > maxManifestBytes) throw new Error('its manifest is no file of a sensible size')
    const manifest = decodeManifest(await readFile(path, 'utf8'))
    for (const [name, expected] of Object.entries(manifest.files)) {
      const found = await lstat(join(folder, name)).catch(() => null)
      if (found === null) throw new Error(`${name} is missing`)
      if (!found.isFile()) throw new Error(`${name} is no regular file`)
      if (found.size !== expected.bytes) throw new Error(`${name} has ${found.size} bytes, expected ${expected.bytes}`)
    }
    for (const [name, expected] of Object.entries(manifest.files)) {
      if (files !== undefined && !files(name)) continue
      const hash = createHash('sha256')
      await pipeline(createReadStream(join(folder, name), { highWaterMark: 2 ** 20 }), hash)
      if (hash.digest('hex') !== expected.sha256) throw new Error(`the content of ${name} was changed`)
    }
    return { manifest, reason: null }
  } catch (error) {
    return { manifest: null, reason: error instanceof Error ? error.message : String(error) }
  }
}
