import { createHash } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostTensors } from '../base/host-tensor.ts'
import { KinoraError } from '../contract/errors.ts'
import { writeSafetensors } from '../formats/safetensors.ts'
import { createFolderAtomic, ioError, temporarySuffix, writeFileAtomic } from '../platform/fs-atomic.ts'
import { checkpointFolder, checkpointsFolder } from './folders.ts'
import { encodeManifest, groupFile, groupOf, manifestName, metaName, type Manifest } from './manifest.ts'
import { retainCheckpoints, type RetainOptions } from './retain.ts'
import { shareFile } from './share.ts'

export interface CheckpointContent {
  /** Every name is `<group>/<rest>`; each group becomes a file of its own. */
  readonly tensors: HostTensors
  /** Whatever JSON describes the rest of the state: configuration, random numbers, sampler position. */
  readonly meta: unknown
  /** Groups that no step changes: their files are shared with the checkpoints before. */
  readonly frozen?: readonly string[]
}

/**
 * Writes `<run>/checkpoints/<step>/` whole or not at all, then deletes what `retain` does not keep. One process at a
 * time may save into a run. A checkpoint that is there for this step is replaced.
 * @returns the folder.
 * @throws KinoraError `disk-full` or `io`; the checkpoints that were there are still there.
 */
export async function saveCheckpoint(runPath: string, step: number, content: CheckpointContent, retain?: RetainOptions): Promise<string> {
  const folder = checkpointFolder(runPath, step)
  await removeLeftovers(runPath)
  const groups = new Map<string, HostTensors>()
  for (const [name, tensor] of Object.entries(content.tensors)) {
    const group = groupOf(name)
    if (!/^[a-z0-9][a-z0-9-]*$/.test(group)) throw new KinoraError('internal', `Tensor ${name} has no group: expected <group>/<name>.`, 'This is a bug in Kinora. Please report it with the log.')
    groups.set(group, { ...groups.get(group), [name]: tensor })
  }
  const aside = join(checkpointsFolder(runPath), `.${step}.replaced${temporarySuffix}`)
  try {
    await createFolderAtomic(folder, async (temporary) => {
      const files: Manifest['files'] = {}
      for (const [group, tensors] of groups) {
        const name = groupFile(group)
        const shared = content.frozen?.includes(group) ? await shareFile(runPath, name, tensors, join(temporary, name)) : null
        files[name] = shared ?? (await writeSafetensors(join(temporary, name), tensors))
      }
      const meta = new TextEncoder().encode(JSON.stringify(content.meta))
      await writeFileAtomic(join(temporary, metaName), meta)
      files[metaName] = { bytes: meta.length, sha256: createHash('sha256').update(meta).digest('hex') }
      // Last: a folder without it was never finished.
      await writeFileAtomic(join(temporary, manifestName), encodeManifest({ version: 1, step, createdAt: Date.now(), files }))
      await rename(folder, aside).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw ioError(error, `replace ${folder}`)
      })
    })
  } catch (error) {
    await rename(aside, folder).catch(() => {})
    throw error
  }
  await rm(aside, { recursive: true, force: true })
  if (retain !== undefined) await retainCheckpoints(runPath, retain)
  return folder
}

/** Removes what a killed process left half written. What it had set aside to replace comes back if nothing took its place. */
async function removeLeftovers(runPath: string): Promise<void> {
  const root = checkpointsFolder(runPath)
  const names = await readdir(root).catch((): string[] => [])
  for (const name of names.filter((candidate) => candidate.endsWith(temporarySuffix))) {
    const replaced = /^\.(\d+)\.replaced\.partial$/.exec(name)
    if (replaced && !names.includes(replaced[1]!)) await rename(join(root, name), join(root, replaced[1]!)).catch(() => {})
    else await rm(join(root, name), { recursive: true, force: true })
  }
}
