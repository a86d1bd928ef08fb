import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { RgbImage } from '../base/image.ts'
import { damaged } from './random-access-file.ts'
import type { VideoDecoderPort } from './video-decoder.ts'
import type { VideoFile } from './video-file.ts'
import { yuv420ToRgb } from './yuv.ts'

/** AV1 in WebAssembly, shipped with Kinora: 8-bit 4:2:0, about 40 ms for 640 x 480. One instance per decoded range. */
export class Dav1dDecoder implements VideoDecoderPort {
  readonly name = 'dav1d'
  #wasm: Promise<Uint8Array> | undefined

  supports(codec: string): boolean {
    return codec === 'av1'
  }

  async *decode(video: VideoFile, first: number, last: number, signal?: AbortSignal): AsyncGenerator<RgbImage, void, undefined> {
    this.#wasm ??= readFile(createRequire(import.meta.url).resolve('dav1d.js/dav1d.wasm'))
    const wasmData = await this.#wasm
    const { create } = await import('dav1d.js')
    const decoder = await create({ wasmData })
    const waiting = new Map<number, RgbImage>()
    let next = first
    for await (const { frame, data } of video.packets(first, last)) {
      signal?.throwIfAborted()
      let picture: { width: number; height: number; data: Uint8Array }
      try {
        picture = decoder.decodeFrameAsYUV(data)
      } catch (error) {
        throw damaged(video.path, `frame ${frame} cannot be decoded (${error instanceof Error ? error.message : String(error)})`, 'The file is cut or was changed: copy it again from its source.', error)
      }
      if (frame < first || frame > last) continue
      const { width, height } = picture
      if (picture.data.length !== width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1)) {
        throw damaged(video.path, `its pictures are not 8-bit 4:2:0 (${picture.data.length} bytes for ${width} x ${height})`, 'Install ffmpeg (it must be on the PATH), or encode the videos as 8-bit yuv420p.')
      }
      waiting.set(frame, yuv420ToRgb(picture.data, width, height, video.colourSpace))
      for (let image = waiting.get(next); image !== undefined; image = waiting.get(++next)) {
        waiting.delete(next)
        yield image
      }
    }
    if (next !== last + 1) throw damaged(video.path, `${next - first} of the frames ${first} to ${last} were decoded`, 'The file is cut: copy it again from its source.')
  }
}
