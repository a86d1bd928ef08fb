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
  /** What of the frames asked for is still to come: fewer than were asked for. */
  readonly rest: readonly number[]
  readonly sent: readonly (number | null)[]
}

/** Pictures of several cameras as they lie in the dataset. What one camera cannot show is said in its place. */
export async function readFrameBatch(dataset: Dataset, { episode, cameras, frames, takesEncoded, sent }: FrameBatchRequest): Promise<FrameBatch> {
  const stored = await Promise.all(cameras.map((camera) => dataset.readStored?.(episode, camera).catch(() => null) ?? null))
  const parts: Uint8Array[] = []
  const last = cameras.map((_, camera) => sent[camera] ?? null)
  const longestRun = longestRunOf(stored, takesEncoded)
  const wanted = new Set(frames)
  /** For each camera the frames that are in `parts`: of video, those met on the way to another among them. */
  const given = cameras.map(() => new Set<number>())
  let bytes = 0
  let rest = frames
  // Of a stream the very first frame comes alone: somebody waits for it.
  const isFirst = sent.length === 0
  do {
    const run = isFirst ? 1 : runLength(rest, longestRun)
    const range = { first: Math.min(rest[0]!, rest[run - 1]!), run, takesEncoded, last, wanted, given }
    const pieces = await Promise.all(cameras.map((name, camera) => encodeAll(readPieces(dataset, episode, name, camera, stored[camera]!, range))))
    for (const piece of pieces.flat()) {
      bytes += piece.length
      parts.push(piece)
    }
    rest = rest.filter((frame) => !given.every((one) => one.has(frame)))
  } while (rest.length > 0 && !isFirst && bytes < batchBytes)
  return { bytes: Buffer.concat(parts), rest, sent: last }
}

function longestRunOf(stored: readonly (StoredPictures | null)[], takesEncoded: boolean): number {
  if (!takesEncoded || stored.includes(null)) return decodedRunFrames
  return stored.every((one) => one!.kind === 'video') ? packetRunFrames : 1
}

/** How many of the first frames lie in a row, upwards or downwards: either way they are read upwards. */
function runLength(frames: readonly number[], longest: number): number {
  const first = frames[0]!
  const step = frames[1] === first - 1 ? -1 : 1
  let run = 1
  while (run < longest && frames[run] === first + run * step) run++
  return run
}

interface PieceRange {
  readonly first: number
  readonly run: number
  readonly takesEncoded: boolean
  readonly last: (number | null)[]
  readonly wanted: ReadonlySet<number>
  readonly given: readonly Set<number>[]
}

async function encodeAll(pieces: AsyncIterable<FramePiece>): Promise<Uint8Array[]> {
  const encoded: Uint8Array[] = []
  for await (const piece of pieces) encoded.push(encodePiece(piece))
  return encoded
}

async function* readPieces(dataset: Dataset, episode: number, name: string, camera: number, stored: StoredPictures | null, range: PieceRange): AsyncGenerator<FramePiece, void, undefined> {
  const { first, run, takesEncoded } = range
  let next = first
  try {
    if (takesEncoded && stored?.kind === 'video') {
      yield* videoPieces(stored, camera, range)
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
    const { message, hint } = KinoraError.from(error)
    for (; next < first + run; next++) yield { kind: 'failure', camera, frame: next, message: `${message} ${hint}` }
  }
  for (let frame = first; frame < first + run; frame++) range.given[camera]!.add(frame)
}

async function* videoPieces({ video, firstFrame }: Extract<StoredPictures, { kind: 'video' }>, camera: number, { first, run, last, wanted, given }: PieceRange): AsyncGenerator<FramePiece, void, undefined> {
  const sent = last[camera] ?? null
  if (sent === null) {
    const { codec, codedWidth, codedHeight, colorSpace, description } = video.decoderConfig
    yield {
      kind: 'codec', camera, frame: first,
      codec: { codec, codedWidth: codedWidth ?? video.width, codedHeight: codedHeight ?? video.height, ...(colorSpace && { colorSpace }), ...(description && { description: Array.from(bytesOf(description)) }) },
    }
  }
  const from = firstFrame + first
  for await (const { frame: shown, order, isKey, data } of video.packets(from, from + run - 1, sent ?? -1)) {
    last[camera] = order
    const frame = shown - firstFrame
    const isAsked = wanted.has(frame) && !given[camera]!.has(frame)
    if (isAsked) given[camera]!.add(frame)
    yield { kind: 'packet', camera, frame, isKey, isAsked, bytes: data }
  }
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
}
