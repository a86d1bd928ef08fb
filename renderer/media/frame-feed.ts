import type { Disposable } from '../../electron/base/disposable.ts'
import type { FramePiece } from '../../electron/contract/frame-stream.ts'
import { failureOf, isAbort } from '../rpc/failure.ts'
import { text } from '../text/en.ts'
import type { FrameEntry } from './frame-cache.ts'
import { PieceDecoder, UndecodableError } from './piece-decoder.ts'

/** A wanted frame is waited for while at most this many others come before it; else the stream begins anew. */
const patienceFrames = 8
/** Ahead of the playhead a new stream begins when this many frames are missing, or one that is needed soon. */
const refillFrames = 16
const soonFrames = 8

/** Several panes whose pictures come together. */
export interface FrameStream {
  readonly paneIds: readonly string[]
  /** Frames in the order wanted; the pieces count panes as `paneIds` does. `takesEncoded` is false where this browser could not decode what came. */
  readonly open: (frames: readonly number[], takesEncoded: boolean, signal: AbortSignal) => AsyncIterable<FramePiece>
}

interface Running {
  readonly abort: AbortController
  /** Frames on their way, in order, with the panes that still miss them. */
  readonly rest: Map<number, Set<number>>
}

/** The pictures of several panes by one stream at a time: it brings frames in the order wanted, and a jump elsewhere cuts it off. */
export class FrameFeed implements Disposable {
  readonly #stream: FrameStream
  readonly #onFrame: (pane: number, frame: number, entry: FrameEntry) => void
  readonly #onIdle: () => void
  #running: Running | null = null
  #takesEncoded = true

  constructor(stream: FrameStream, onFrame: (pane: number, frame: number, entry: FrameEntry) => void, onIdle: () => void) {
    this.#stream = stream
    this.#onFrame = onFrame
    this.#onIdle = onIdle
  }

  /** Asks for the frames that are missing around the playhead, nearest first. */
  want(missing: readonly number[], playhead: number): void {
    const [first] = missing
    if (first === undefined) return
    if (this.#running !== null) {
      const place = [...this.#running.rest.keys()].indexOf(first)
      if (place >= 0 && place < patienceFrames) return
      if (place < 0 && Math.abs(first - playhead) > soonFrames) return
      this.#running.abort.abort()
    } else if (missing.length < refillFrames && Math.abs(first - playhead) > soonFrames) return
    void this.#run(missing)
  }

  dispose(): void {
    this.#running?.abort.abort()
    this.#running = null
  }

  async #run(frames: readonly number[]): Promise<void> {
    const panes = this.#stream.paneIds.map((_, pane) => pane)
    const running: Running = { abort: new AbortController(), rest: new Map(frames.map((frame) => [frame, new Set(panes)])) }
    const { abort, rest } = running
    this.#running = running
    const give = (pane: number, frame: number, entry: FrameEntry): void => {
      const waiting = rest.get(frame)
      waiting?.delete(pane)
      if (waiting?.size === 0) rest.delete(frame)
      this.#onFrame(pane, frame, entry)
    }
    const decoder = new PieceDecoder(give)
    let failure: unknown = null
    try {
      for await (const piece of this.#stream.open(frames, this.#takesEncoded, abort.signal)) {
        if (abort.signal.aborted) break
        await decoder.take(piece)
      }
      if (!abort.signal.aborted) await decoder.finish()
    } catch (error) {
      failure = error
    } finally {
      decoder.dispose()
    }
    // Cut off by a jump elsewhere, or by the end of it all.
    if (this.#running !== running) return
    this.#running = null
    if (abort.signal.aborted || isAbort(failure)) return
    if (rest.size === 0) return this.#onIdle()
    if (this.#takesEncoded && (failure === null || failure instanceof UndecodableError)) {
      this.#takesEncoded = false
      return void this.#run([...rest.keys()])
    }
    // Only of the frame that was to come next: the others are asked for again when their turn comes.
    const [[frame, missing]] = rest as unknown as [[number, Set<number>]]
    for (const pane of [...missing]) this.#onFrame(pane, frame, { state: 'failed', message: failure === null ? text.media.streamEnded : failureOf(failure).message })
  }
}
