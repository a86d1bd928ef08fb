import type { RgbImage } from '../base/image.ts'
import { KinoraError } from '../contract/errors.ts'
import { chooseDecoder } from '../formats/video-decoder.ts'
import { VideoFile } from '../formats/video-file.ts'
import { FrameCache } from './frame-cache.ts'
import { frameMemory } from './frames.ts'
import { Lru } from '../base/lru.ts'

/** Frames decoded and cached together. */
const blockFrames = 16
const openVideos = 8
const memoryBytes = 96 * 2 ** 20

/**
 * Frames of video files by index, decoded at most once: memory, then the cache on disk, then a decoder. Holds at most
 * 96 MiB of single frames; a window takes its own frames and, only while one is decoded, a block of 16 frames twice.
 */
export class VideoFrames {
  readonly #cache: FrameCache | null
  readonly #videos = new Lru<string, Promise<VideoFile>>(openVideos, (opened) => void opened.then((video) => video.close(), () => {}))
  readonly #recent = new Lru<string, RgbImage>(memoryBytes)

  constructor(cacheDir: string | undefined) {
    this.#cache = cacheDir === undefined ? null : FrameCache.in(cacheDir)
  }

  async video(path: string): Promise<VideoFile> {
    let opened = this.#videos.get(path)
    if (opened === undefined) {
      opened = VideoFile.open(path)
      opened.catch(() => this.#videos.delete(path))
      this.#videos.set(path, opened, 1)
    }
    return await opened
  }

  /** Range of the file's frames that shows `count` frames from a time on. @throws KinoraError `dataset-invalid`. */
  async range(path: string, fromSeconds: number, count: number, fps: number): Promise<{ first: number; last: number }> {
    const video = await this.video(path)
    const first = video.frameAt(fromSeconds, 0.5 / fps)
    if (first === null || first + count > video.frameCount) {
      throw new KinoraError('dataset-invalid', `${path} has ${video.frameCount} frames up to ${video.timestamps.at(-1)!.toFixed(3)} s; asked for are ${count} from ${fromSeconds.toFixed(3)} s.`, 'The video is cut or the metadata lie: copy both again from one source.')
    }
    return { first, last: first + count - 1 }
  }

  /** One frame: only what it needs is decoded, so a jump is quick. */
  async frame(path: string, index: number): Promise<RgbImage> {
    const recent = this.#recent.get(`${path} ${index}`)
    if (recent !== undefined) return recent
    const video = await this.video(path)
    const decoder = await chooseDecoder(video.codec, path)
    // A frame is decoded sooner than a large file is read to its end.
    if (this.#cache !== null && video.isHashed) {
      const block = Math.floor(index / blockFrames)
      const data = frameMemory(video.width * video.height * 3)
      if (await this.#cache.read(blockKey(decoder.name, await video.hash(), block), data.length, index - block * blockFrames, data)) {
        return this.#remember(path, index, { width: video.width, height: video.height, data })
      }
    }
    for await (const image of decoder.decode(video, index, index)) return this.#remember(path, index, checkSize(video, image))
    throw new KinoraError('dataset-invalid', `Frame ${index} of ${path} cannot be decoded.`, 'Copy the file again from its source.')
  }

  /** Frames first..last one after the other, [count, height, width, 3], in `into` if it is given. */
  async frames(path: string, first: number, last: number, into?: Uint8Array): Promise<{ width: number; height: number; data: Uint8Array }> {
    const video = await this.video(path)
    const { width, height } = video
    const bytes = width * height * 3
    const data = frameMemory((last - first + 1) * bytes, into)
    const decoder = await chooseDecoder(video.codec, path)
    for (let block = Math.floor(first / blockFrames); block * blockFrames <= last; block++) {
      const start = block * blockFrames
      const end = Math.min(start + blockFrames, video.frameCount) - 1
      const from = Math.max(first, start)
      const part = data.subarray((from - first) * bytes, (Math.min(last, end) - first + 1) * bytes)
      const key = this.#cache === null ? null : blockKey(decoder.name, await video.hash(), block)
      if (key !== null && (await this.#cache!.read(key, bytes, from - start, part))) continue
      const pixels = frameMemory((end - start + 1) * bytes)
      let offset = 0
      for await (const image of decoder.decode(video, start, end)) {
        pixels.set(checkSize(video, image).data, offset)
        offset += bytes
      }
      if (key !== null) await this.#cache!.set(key, pixels, bytes)
      part.set(pixels.subarray((from - start) * bytes, (from - start) * bytes + part.length))
    }
    return { width, height, data }
  }

  dispose(): void {
    this.#videos.clear()
    this.#recent.clear()
  }

  #remember(path: string, index: number, image: RgbImage): RgbImage {
    this.#recent.set(`${path} ${index}`, image, image.data.length)
    return image
  }
}

/** Decoders round differently, so each has blocks of its own. */
function blockKey(decoder: string, hash: string, block: number): string {
  return FrameCache.key('rgb-2', decoder, hash, blockFrames, block)
}

function checkSize(video: VideoFile, image: RgbImage): RgbImage {
  if (image.width === video.width && image.height === video.height) return image
  throw new KinoraError('dataset-invalid', `${video.path} says ${video.width} x ${video.height}, but its pictures are ${image.width} x ${image.height}.`, 'Copy the file again from its source.')
}
