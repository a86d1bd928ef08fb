import { link } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostTensors } from '../base/host-tensor.ts'
import { digestSafetensors } from '../formats/safetensors.ts'
import { checkpointFolder, listSteps } from './folders.ts'
import type { Manifest } from './manifest.ts'
import { verifyCheckpoint } from './verify.ts'

/**
 * Makes `target` one more name of the file `name` of a checkpoint of this run, where one has these very tensors, whole.
 * Weights that no step changes are then on disk once, and yet every checkpoint has all its files: it is read, verified,
 * copied and deleted as if it were alone, and the file is gone with its last name.
 * @returns the file's size and hash; null where no checkpoint has it or the file system has no hard links
 */
export async function shareFile(runPath: string, name: string, tensors: HostTensors, target: string): Promise<Manifest['files'][string] | null> {
  const wanted = digestSafetensors(tensors)
  for (const step of (await listSteps(runPath)).reverse()) {
    const folder = checkpointFolder(runPath, step)
    // The file itself is hashed: a copy that went bad must not become a part of a new checkpoint.
    const { manifest } = await verifyCheckpoint(folder, (candidate) => candidate === name)
    if (manifest?.files[name]?.sha256 !== wanted.sha256) continue
    const isLinked = await link(join(folder, name), target).then(() => true, () => false)
    if (isLinked) return wanted
  }
  return null
}
