import { KinoraError } from '../../contract/errors.ts'
import { encodePiece, type FramePiece } from '../../contract/frame-stream.ts'
import type { Dataset, StoredPictures } from '../../dataset/dataset.ts'
import { readWindow } from '../../dataset/frames.ts'
import { toRgba } from './picture.ts'

/**
 * Frames in a row that are read together: those of video that is decoded here, as starting a decoder costs more than a
 * frame; packets, which are small and whose run is sought once.
 */
const decodedRunFrames = 4
const packetRunFrames = 16
/** A message holds about this many bytes: what is asked for beyond comes with the next, and a seek waits for one at most. */
const batchBytes = 2 ** 19

export interface FrameBatchRequest {
  readonly episode: number
  readonly cameras: readonly string[]
  /** In the order wanted. */
  readonly frames: readonly number[]
  /** Whether the page decodes video and pictures itself. */
  readonly takesEncoded: boolean
  /** For each camera the last packet that its decoder has had, from the batch before; empty at first. */
  readonly sent: readonly (number | null)[]
}

export interface FrameBatch {
  /** Encoded pieces, see contract/frame-stream.ts. */
  readonly bytes: Uint8Array
  /** How many of the frames asked for are in it: at least one. */
  readonly count: number
  readonly sent: readonly (number | null)[]
}

/** Pictures of several cameras as they lie in the dataset. What one camera cannot show is said in its place. */
export async function readFrameBatch(dataset: Dataset, { episode, cameras, frames, takesEncoded, sent }: FrameBatchRequest): Promise<FrameBatch> {
  const stored = await Promise.all(cameras.map((camera) => dataset.readStored?.(episode, camera).catch(() => null) ?? null))
  const parts: Uint8Array[] = []
  const last = cameras.map((_, camera) => sent[camera] ?? null)
  const longestRun = longestRunOf(stored, takesEncoded)
  let bytes = 0
  let count = 0
  // Of a stream the very first frame comes alone: somebody waits for it.
  const isFirst = sent.length === 0
  while (count < frames.length && (count === 0 || (!isFirst && bytes < batchBytes))) {
    const first = frames[count]!
    let run = 1
    while (!isFirst && run < longestRun && frames[count + run] === first + run) run++
    const pieces = await Promise.all(cameras.map((name, camera) => encodeAll(readPieces(dataset, episode, name, camera, stored[camera]!, { first, run, takesEncoded, last }))))
    for (const piece of pieces.flat()) {
      bytes += piece.length
      parts.push(piece)
    }
    count += run
  }
  return { bytes: Buffer.concat(parts), count, sent: last }
}

function longestRunOf(stored: readonly (StoredPictures | null)[], takesEncoded: boolean): number {
  if (!takesEncoded || stored.includes(null)) return decodedRunFrames
  return stored.every((one) => one!.kind === 'video') ? packetRunFrames : 1
}

async function encodeAll(pieces: AsyncIterable<FramePiece>): Promise<Uint8Array[]> {
  const encoded: Uint8Array[] = []
  for await (const piece of pieces) encoded.push(encodePiece(piece))
  return encoded
}

async function* readPieces(dataset: Dataset, episode: number, name: string, camera: number, stored: StoredPictures | null, range: { first: number; run: number; takesEncoded: boolean; last: (number | null)[] }): AsyncGenerator<FramePiece, void, undefined> {
  const { first, run, takesEncoded, last } = range
  let next = first
  try {
    if (takesEncoded && stored?.kind === 'video') {
      yield* videoPieces(stored, camera, first, run, last)
    } else if (takesEncoded && stored?.kind === 'encoded') {
      for (const bytes of await stored.read(first, run)) yield { kind: 'picture', camera, frame: next++, bytes }
    } else {
      const { width, height, data } = run === 1 ? await dataset.readFrame(episode, name, first) : await readWindow(dataset, episode, name, first, run)
      const size = width * height * 3
      for (; next < first + run; next++) {
        const at = (next - first) * size
        yield { kind: 'rgba', camera, frame: next, ...toRgba({ width, height, data: data.subarray(at, at + size) }) }
      }
    }
  } catch (error) {
    const { message } = KinoraError.from(error)
    for (; next < first + run; next++) yield { kind: 'failure', camera, frame: next, message }
  }
}

async function* videoPieces({ video, firstFrame }: Extract<StoredPictures, { kind: 'video' }>, camera: number, first: number, run: number, last: (number | null)[]): AsyncGenerator<FramePiece, void, undefined> {
  const sent = last[camera] ?? null
  if (sent === null) {
    const { codec, codedWidth, codedHeight, colorSpace, description } = video.decoderConfig
    yield {
      kind: 'codec', camera, frame: first,
      codec: { codec, codedWidth: codedWidth ?? video.width, codedHeight: codedHeight ?? video.height, ...(colorSpace && { colorSpace }), ...(description && { description: Array.from(bytesOf(description)) }) },
    }
  }
  const from = firstFrame + first
  for await (const { frame, order, isKey, data } of video.packets(from, from + run - 1, sent ?? -1)) {
    last[camera] = order
    yield { kind: 'packet', camera, frame: frame - firstFrame, isKey, isAsked: frame >= from && frame < from + run, bytes: data }
  }
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
}
