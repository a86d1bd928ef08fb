import type { RgbImage } from '../base/image.ts'
import { KinoraError } from '../contract/errors.ts'
import type { EpisodeFrames } from './dataset.ts'

/** Frames read one by one as one array; all must have the size of the first. @throws KinoraError `dataset-invalid`. */
export async function stackFrames(frameCount: number, read: (frame: number) => Promise<RgbImage>, what: string): Promise<EpisodeFrames> {
  const first = await read(0)
  const { width, height } = first
  const data = new Uint8Array(frameCount * width * height * 3)
  data.set(first.data)
  for (let frame = 1; frame < frameCount; frame++) {
    const image = await read(frame)
    if (image.width !== width || image.height !== height) {
      throw new KinoraError('dataset-invalid', `Frame ${frame} of ${what} is ${image.width} x ${image.height}, the first is ${width} x ${height}.`, 'Write the dataset again with pictures of one size.')
    }
    data.set(image.data, frame * width * height * 3)
  }
  return { frameCount, width, height, data }
}
