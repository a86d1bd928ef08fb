import type { RgbImage } from '../base/image.ts'
import { KinoraError } from '../contract/errors.ts'
import type { VideoFile } from './video-file.ts'

/** Turns a range of a video's frames into pictures. */
export interface VideoDecoderPort {
  readonly name: string
  supports(codec: string): boolean
  /**
   * Frames first..last in the order shown, every one exactly once.
   * @throws KinoraError `dataset-invalid` when a frame cannot be decoded: never fewer frames in silence.
   */
  decode(video: VideoFile, first: number, last: number, signal?: AbortSignal): AsyncGenerator<RgbImage, void, undefined>
}

let found: Promise<VideoDecoderPort[]> | undefined

/** The decoders of this machine, best first: the system's ffmpeg if it has one, and dav1d (AV1) in any case. */
export function videoDecoders(): Promise<VideoDecoderPort[]> {
  found ??= (async () => {
    const { findFfmpeg } = await import('./decoder-ffmpeg.ts')
    const { Dav1dDecoder } = await import('./decoder-dav1d.ts')
    const ffmpeg = await findFfmpeg()
    return [...(ffmpeg === null ? [] : [ffmpeg]), new Dav1dDecoder()]
  })()
  return found
}

/** @throws KinoraError `dataset-invalid` saying which codec it is and what would decode it. */
export async function chooseDecoder(codec: string, path: string): Promise<VideoDecoderPort> {
  const decoders = await videoDecoders()
  const decoder = decoders.find((candidate) => candidate.supports(codec))
  if (decoder !== undefined) return decoder
  throw new KinoraError('dataset-invalid', `${path} is ${codec === 'avc' ? 'H.264' : codec.toUpperCase()} video, which needs a decoder that is not here (found: ${decoders.map(({ name }) => name).join(', ')}).`, 'Install ffmpeg (it must be on the PATH), or encode the videos as AV1.')
}
