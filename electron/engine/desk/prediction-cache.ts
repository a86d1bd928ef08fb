import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RgbImage } from '../../base/image.ts'
import type { MotionErrors } from '../../evaluate/motion.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'

export interface Prediction {
  readonly predicted: RgbImage
  readonly errors: MotionErrors
}

interface Header {
  readonly width: number
  readonly height: number
  readonly errors: readonly MotionErrors[]
}

/**
 * Predicted motion images of whole episodes in `<home>/cache/replays`: a replay that was seen once opens whole at once.
 * A file is [header length, 4 bytes little-endian][JSON header][RGB of frame 0][RGB of frame 1]...
 */
export class PredictionCache {
  readonly #folder: string

  constructor(home: Home) {
    this.#folder = join(home.cache, 'replays')
  }

  /** Null when there is none, or none that is whole. */
  async load(id: string, frameCount: number): Promise<Prediction[] | null> {
    let file: Buffer
    try {
      file = await readFile(join(this.#folder, `${id}.bin`))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw error
    }
    try {
      const start = 4 + file.readUInt32LE(0)
      const { width, height, errors } = JSON.parse(file.toString('utf8', 4, start)) as Header
      const bytes = width * height * 3
      if (errors.length !== frameCount || file.length !== start + frameCount * bytes) return null
      return errors.map((frameErrors, frame) => ({ errors: frameErrors, predicted: { width, height, data: new Uint8Array(file.subarray(start + frame * bytes, start + (frame + 1) * bytes)) } }))
    } catch {
      // Damaged: it is predicted again and written over.
      return null
    }
  }

  async save(id: string, predictions: readonly Prediction[]): Promise<void> {
    const { width, height } = predictions[0]!.predicted
    const header = Buffer.from(JSON.stringify({ width, height, errors: predictions.map(({ errors }) => errors) } satisfies Header))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(header.length)
    await writeFileAtomic(join(this.#folder, `${id}.bin`), Buffer.concat([length, header, ...predictions.map(({ predicted }) => predicted.data)]))
  }
}
