import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ioError, temporarySuffix } from '../platform/fs-atomic.ts'

let counter = 0

/**
 * Writes a file in pieces so that it appears whole or not at all, however large it is: temporary name, fsync, rename.
 * The caller makes the rename durable where that matters (it fsyncs the folder, or renames the folder itself).
 * @returns size and SHA-256 (hex) of what was written.
 * @throws KinoraError `disk-full` or `io`, with nothing left behind.
 */
export async function writeChunksAtomic(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<{ bytes: number; sha256: string }> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-c${counter++}${temporarySuffix}`)
  const hash = createHash('sha256')
  let bytes = 0
  try {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(temporary, 'w')
    try {
      for await (const chunk of chunks) {
        hash.update(chunk)
        // handle.writeFile would start again at position 0 of a handle opened twice; write keeps the position.
        for (let done = 0; done < chunk.byteLength;) {
          const { bytesWritten } = await handle.write(chunk, done, Math.min(chunk.byteLength - done, 2 ** 26))
          done += bytesWritten
        }
        bytes += chunk.byteLength
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw ioError(error, `write ${path}`)
  }
}
