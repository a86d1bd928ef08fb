import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import type { RgbImage } from '../base/image.ts'
import { damaged } from './random-access-file.ts'
import type { VideoDecoderPort } from './video-decoder.ts'
import type { VideoFile } from './video-file.ts'

const names: Record<string, readonly string[]> = { av1: ['libdav1d', 'libaom-av1', 'av1'], avc: ['h264'], hevc: ['hevc'], vp9: ['vp9', 'libvpx-vp9'], vp8: ['vp8'] }

/** The ffmpeg on the PATH (or at KINORA_FFMPEG), with what it can decode; null where there is none. */
export async function findFfmpeg(program = process.env.KINORA_FFMPEG ?? 'ffmpeg'): Promise<FfmpegDecoder | null> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-hide_banner', '-decoders'], { timeout: 10_000, maxBuffer: 2 ** 22 })
    const known = new Set([...stdout.matchAll(/^ V\S{5} (\S+)/gm)].map((match) => match[1]!))
    return new FfmpegDecoder(program, Object.keys(names).filter((codec) => names[codec]!.some((name) => known.has(name))))
  } catch {
    // No ffmpeg, or one that does not start: the other decoders remain, and the doctor lists them.
    return null
  }
}

/** Frames through a pipe from ffmpeg, one process per range. */
export class FfmpegDecoder implements VideoDecoderPort {
  readonly name = 'ffmpeg'
  readonly #program: string
  readonly #codecs: readonly string[]

  constructor(program: string, codecs: readonly string[]) {
    this.#program = program
    this.#codecs = codecs
  }

  supports(codec: string): boolean {
    return this.#codecs.includes(codec)
  }

  async *decode(video: VideoFile, first: number, last: number, signal?: AbortSignal): AsyncGenerator<RgbImage, void, undefined> {
    const count = last - first + 1
    // Seeking lands on the first frame at or after the time given: aim half a frame early.
    const gap = first > 0 ? (video.timestamps[first]! - video.timestamps[first - 1]!) / 2 : 0
    const seek = first === 0 ? [] : ['-ss', (video.timestamps[first]! - gap).toFixed(6)]
    const child = spawn(
      this.#program,
      ['-nostdin', '-v', 'error', '-threads', '2', ...seek, '-i', `file:${video.path}`, '-map', '0:v:0', '-an', '-sn', '-vsync', 'passthrough', '-frames:v', String(count), '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
      { stdio: ['ignore', 'pipe', 'pipe'], signal, windowsHide: true },
    )
    let complaint = ''
    child.stderr.on('data', (text: Buffer) => { complaint = (complaint + text.toString()).slice(-1000) })
    const exit = once(child, 'close')
    // Met where the range ends; an abort must not be an unhandled rejection before.
    exit.catch(() => {})
    const { width, height } = video
    const bytes = width * height * 3
    let image = new Uint8Array(bytes)
    let filled = 0
    let done = 0
    try {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        for (let offset = 0; offset < chunk.length;) {
          const part = Math.min(bytes - filled, chunk.length - offset)
          image.set(chunk.subarray(offset, offset + part), filled)
          filled += part
          offset += part
          if (filled < bytes) continue
          filled = 0
          done++
          yield { width, height, data: image }
          image = new Uint8Array(bytes)
        }
      }
      const [code] = (await exit) as [number | null]
      signal?.throwIfAborted()
      if (code !== 0 || done !== count || filled !== 0) {
        throw damaged(video.path, `ffmpeg gave ${done} of the ${count} frames from ${first}${complaint ? `: ${complaint.trim()}` : ''}`, 'The file is cut or was changed: copy it again from its source.')
      }
    } finally {
      child.kill('SIGKILL')
    }
  }
}
