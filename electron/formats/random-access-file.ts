import { open, type FileHandle } from 'node:fs/promises'
import { KinoraError } from '../contract/errors.ts'
import { ioError } from '../platform/fs-atomic.ts'

/** Largest piece that one read may ask for: a hostile length field must not become an allocation. */
export const maxReadBytes = 2 ** 31

/**
 * A file read by position. Every read is checked against the size that the file had when it was opened, so a length
 * field that lies becomes a message instead of an allocation or a short buffer.
 */
export class RandomAccessFile implements AsyncDisposable {
  readonly path: string
  readonly byteLength: number
  readonly modifiedMs: number
  #handle: FileHandle | null

  private constructor(path: string, byteLength: number, modifiedMs: number, handle: FileHandle) {
    this.path = path
    this.byteLength = byteLength
    this.modifiedMs = modifiedMs
    this.#handle = handle
  }

  /** @throws KinoraError `not-found` or `io`. */
  static async open(path: string): Promise<RandomAccessFile> {
    let handle: FileHandle | null = null
    try {
      handle = await open(path, 'r')
      const status = await handle.stat()
      // A pipe or device could block for ever or never end.
      if (!status.isFile()) throw damaged(path, 'it is not a regular file', 'Point to the file itself.')
      return new RandomAccessFile(path, status.size, status.mtimeMs, handle)
    } catch (error) {
      await handle?.close()
      throw ioError(error, `read ${path}`)
    }
  }

  /**
   * Bytes [start, start + length) in a buffer of their own, so that typed arrays over it are aligned.
   * @throws KinoraError `dataset-invalid` when the range does not lie in the file.
   */
  async read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(length) || start < 0 || length < 0 || start + length > this.byteLength) {
      throw damaged(this.path, `it ends at byte ${this.byteLength}, but bytes ${start} to ${start + length} are asked for`, 'The file is cut or its header lies: copy it again from its source.')
    }
    if (length > maxReadBytes) throw damaged(this.path, `it asks for ${length} bytes at once, more than ${maxReadBytes}`, 'Write the data in smaller pieces.')
    if (this.#handle === null) throw new KinoraError('internal', `${this.path} is read after it was closed.`, 'This is a bug in Kinora. Please report it with the log.')
    const bytes = new Uint8Array(new ArrayBuffer(length))
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, start + done)
      if (bytesRead === 0) throw damaged(this.path, `it became shorter while it was read (${start + done} of ${this.byteLength} bytes)`, 'Do not change the file while Kinora reads it.')
      done += bytesRead
    }
    return bytes
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A file whose content is not what its format wants. */
export function damaged(path: string, what: string, hint: string, cause?: unknown): KinoraError {
  return new KinoraError('dataset-invalid', `${path}: ${what}.`, hint, { cause })
}
