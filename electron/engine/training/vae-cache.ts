import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostTensors } from '../../base/host-tensor.ts'
import { KinoraError } from '../../contract/errors.ts'
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.ts'
import type { Home } from '../../platform/paths.ts'
import type { Log } from '../../platform/log.ts'
import type { VaeCache } from '../../trainer/train.ts'
import { loadVae } from './imported-vaes.ts'

/**
 * Trained autoencoders in `<home>/cache/vae`, by a key of everything that they depend on: runs that differ in nothing the
 * autoencoder sees share one. A damaged or unwritable entry costs its training again, never the run.
 */
export function vaeCache(home: Home, log: Log): VaeCache {
  const fileOf = (key: string): string => join(home.cache, 'vae', `${key.replaceAll(/[^\w.-]/g, '_')}.safetensors`)
  return {
    imported: (name) => loadVae(home, name),
    async load(key: string): Promise<HostTensors | null> {
      try {
        return await readSafetensors(fileOf(key))
      } catch (error) {
        const known = KinoraError.from(error)
        const isAbsent = known.code === 'not-found' || (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        if (!isAbsent) log.warning('A cached autoencoder cannot be read and is trained again', known.toJSON())
        return null
      }
    },
    async save(key: string, tensors: HostTensors): Promise<void> {
      try {
        await mkdir(join(home.cache, 'vae'), { recursive: true })
        await writeSafetensors(fileOf(key), tensors)
      } catch (error) {
        log.warning('The autoencoder could not be kept for other runs', KinoraError.from(error).toJSON())
      }
    },
  }
}
