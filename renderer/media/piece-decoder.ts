import type { Disposable } from '../../electron/base/disposable.ts'
import type { FramePiece, StreamCodec } from '../../electron/contract/frame-stream.ts'
import type { DecodedPicture, FrameEntry } from './frame-cache.ts'

/** Pictures that are decoded at one time: the browser does it beside the page's own thread, which must still get its share. */
const decodesAtOnce = Math.min(8, Math.max(2, navigator.hardwareConcurrency))
const queuedPackets = 16

/** This browser cannot decode what came: pictures must come decoded. */
export class UndecodableError extends Error {}

interface Camera {
  readonly decoder: VideoDecoder
  /** Frames that are asked for and not out yet. */
  readonly asked: Set<number>
}

/**
 * Turns the pieces of one stream into pictures, decoded by the browser. Frames come as they are ready, in no order that
 * may be relied on.
 */
export class PieceDecoder implements Disposable {
  readonly #onFrame: (camera: number, frame: number, entry: FrameEntry) => void
  readonly #cameras = new Map<number, Camera>()
  readonly #running = new Set<Promise<void>>()
  #failure: Error | null = null
  #isDisposed = false

  constructor(onFrame: (camera: number, frame: number, entry: FrameEntry) => void) {
    this.#onFrame = onFrame
  }

  /** Resolves when there is room for the next. @throws UndecodableError. */
  async take(piece: FramePiece): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const { camera, frame } = piece
    switch (piece.kind) {
      case 'failure':
        this.#onFrame(camera, frame, { state: 'failed', message: piece.message })
        break
      case 'rgba':
        this.#onFrame(camera, frame, { state: 'ready', picture: { width: piece.width, height: piece.height, data: new Uint8ClampedArray(piece.bytes.buffer as ArrayBuffer, piece.bytes.byteOffset, piece.bytes.byteLength) } })
        break
      case 'picture':
        this.#give(camera, frame, decodePicture(piece.bytes as Uint8Array<ArrayBuffer>))
        if (this.#running.size >= decodesAtOnce) await Promise.race(this.#running)
        break
      case 'codec':
        await this.#open(camera, piece.codec)
        break
      case 'packet': {
        const { decoder, asked } = this.#cameras.get(camera)!
        if (piece.isAsked) asked.add(frame)
        decoder.decode(new EncodedVideoChunk({ type: piece.isKey ? 'key' : 'delta', timestamp: frame, data: piece.bytes as BufferSource }))
        while (decoder.state === 'configured' && decoder.decodeQueueSize > queuedPackets) await new Promise((room) => decoder.addEventListener('dequeue', room, { once: true }))
      }
    }
  }

  /** Everything taken is out. @throws UndecodableError. */
  async finish(): Promise<void> {
    for (const { decoder } of this.#cameras.values()) if (decoder.state === 'configured') await decoder.flush().catch(() => undefined)
    while (this.#running.size > 0) await Promise.all(this.#running)
    if (this.#failure !== null) throw this.#failure
  }

  dispose(): void {
    this.#isDisposed = true
    for (const { decoder } of this.#cameras.values()) if (decoder.state !== 'closed') decoder.close()
    this.#cameras.clear()
  }

  async #open(camera: number, { description, ...codec }: StreamCodec): Promise<void> {
    const config: VideoDecoderConfig = { ...(codec as VideoDecoderConfig), ...(description && { description: Uint8Array.from(description) }), optimizeForLatency: true }
    const isSupported = typeof VideoDecoder !== 'undefined' && (await VideoDecoder.isConfigSupported(config).then(({ supported }) => supported === true, () => false))
    if (!isSupported) throw new UndecodableError(`This browser has no decoder of ${codec.codec}.`)
    if (this.#isDisposed) return
    const asked = new Set<number>()
    const decoder = new VideoDecoder({
      output: (picture) => {
        // Others are only decoded for those that refer to them.
        if (asked.delete(picture.timestamp)) this.#give(camera, picture.timestamp, copyOf(picture).finally(() => picture.close()))
        else picture.close()
      },
      error: (error) => (this.#failure = new UndecodableError(error.message)),
    })
    decoder.configure(config)
    this.#cameras.set(camera, { decoder, asked })
  }

  #give(camera: number, frame: number, decoding: Promise<DecodedPicture>): void {
    const done = decoding
      .then(
        (picture) => {
          if (this.#isDisposed) picture.close()
          else this.#onFrame(camera, frame, { state: 'ready', picture })
        },
        (error: unknown) => {
          if (!this.#isDisposed) this.#failure ??= new UndecodableError(String(error))
        },
      )
      .finally(() => this.#running.delete(done))
    this.#running.add(done)
  }
}

/** Pixels as the file has them, as the engine's own decoder gives them. */
const asStored = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' } as const

/**
 * A frame in memory of its own, as a decoder has room for a few only. It stays in the video's own colour space: turning
 * it into a bitmap takes four times as long as decoding it, so that is done when it is drawn.
 */
async function copyOf(picture: VideoFrame): Promise<DecodedPicture> {
  const { format, timestamp, colorSpace, visibleRect, displayWidth, displayHeight } = picture
  // In memory of a graphics card, out of reach.
  if (format === null || visibleRect === null) return await createImageBitmap(picture, asStored)
  const bytes = new Uint8Array(picture.allocationSize())
  const layout = await picture.copyTo(bytes)
  return new VideoFrame(bytes, { format, timestamp, colorSpace, layout, codedWidth: visibleRect.width, codedHeight: visibleRect.height, displayWidth, displayHeight })
}

/** By ImageDecoder where there is one: a third of the time of a bitmap from a blob, which passes by another process. */
async function decodePicture(bytes: Uint8Array<ArrayBuffer>): Promise<DecodedPicture> {
  const type = pictureType(bytes)
  if (type === null || typeof ImageDecoder === 'undefined') return await createImageBitmap(new Blob([bytes]), asStored)
  const decoder = new ImageDecoder({ type, data: bytes, colorSpaceConversion: 'none' })
  try {
    return (await decoder.decode()).image
  } finally {
    decoder.close()
  }
}

function pictureType(bytes: Uint8Array): string | null {
  const begins = (...start: number[]): boolean => start.every((byte, at) => bytes[at] === byte)
  if (begins(0x89, 0x50, 0x4e, 0x47)) return 'image/png'
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return begins(0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57 ? 'image/webp' : null
}
