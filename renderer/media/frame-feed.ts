import type { Disposable } from '../../electron/base/disposable.ts'
import { maxStreamed } from '../../electron/contract/blob.ts'
import type { FramePiece } from '../../electron/contract/frame-stream.ts'
import { failureOf, isAbort } from '../rpc/failure.ts'
import { text } from '../text/en.ts'
import type { FrameEntry } from './frame-cache.ts'
import { PieceDecoder, UndecodableError } from './piece-decoder.ts'

/** A wanted frame is waited for while at most this many others come before it; else the stream begins anew. */
const patienceFrames = 8
/** Where no stream runs, one begins when this many frames are missing, or one that is needed soon. */
const refillFrames = 16
const soonFrames = 8
/** A page in the background draws nothing, and is not waited for longer than this. */
const drawnWithinMs = 100

/** Several panes whose pictures come together. */
export interface FrameStream {
  readonly paneIds: readonly string[]
  /** Frames in the order wanted; the pieces count panes as `paneIds` does. `takesEncoded` is false where this browser could not decode what came. */
  readonly open: (frames: readonly number[], takesEncoded: boolean, signal: AbortSignal) => AsyncIterable<FramePiece>
}

/** What a player wants as its playhead moves. */
export interface FrameWish {
  readonly playhead: number
  /** How many frames before and behind the playhead there is room for. */
  readonly reachFrames: number
  /** Within reach and not here, in the order wanted. */
  readonly missing: readonly number[]
  /** What playing on will want then: a stream that has begun brings it when it comes within reach. */
  readonly beyond: () => readonly number[]
}

interface Running {
  readonly abort: AbortController
  /** Frames on their way, in order, with the panes that still miss them. */
  readonly rest: Map<number, Set<number>>
}

/**
 * The pictures of several panes by one stream at a time: it brings frames in the order wanted, stands still where they
 * are beyond reach and goes on as the playhead moves, so that a video decoder never begins again; a jump elsewhere cuts
 * it off.
 */
export class FrameFeed implements Disposable {
  readonly #stream: FrameStream
  readonly #onFrame: (pane: number, frame: number, entry: FrameEntry) => void
  readonly #onIdle: () => void
  #running: Running | null = null
  #takesEncoded = true
  #playhead = 0
  #reachFrames = 0
  #moved = Promise.withResolvers<void>()

  constructor(stream: FrameStream, onFrame: (pane: number, frame: number, entry: FrameEntry) => void, onIdle: () => void) {
    this.#stream = stream
    this.#onFrame = onFrame
    this.#onIdle = onIdle
  }

  /** Called whenever the playhead moves. */
  want({ playhead, reachFrames, missing, beyond }: FrameWish): void {
    this.#playhead = playhead
    this.#reachFrames = reachFrames
    const [first] = missing
    const begins = first !== undefined && this.#mustBegin(first, missing.length)
    if (begins) this.#running?.abort.abort()
    this.#letOn()
    if (begins) void this.#run([...missing, ...beyond()].slice(0, maxStreamed))
  }

  dispose(): void {
    this.#running?.abort.abort()
    this.#running = null
    this.#letOn()
  }

  #mustBegin(first: number, missingFrames: number): boolean {
    const isSoon = Math.abs(first - this.#playhead) <= soonFrames
    if (this.#running === null) return isSoon || missingFrames >= refillFrames
    const place = [...this.#running.rest.keys()].indexOf(first)
    return place < 0 ? isSoon : place >= patienceFrames
  }

  #letOn(): void {
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }

  #isInReach(frame: number | undefined): boolean {
    return frame === undefined || Math.abs(frame - this.#playhead) <= this.#reachFrames
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
    const next = (): number | undefined => rest.keys().next().value
    const decoder = new PieceDecoder(give)
    let hasShown = false
    let failure: unknown = null
    try {
      for await (const piece of this.#stream.open(frames, this.#takesEncoded, abort.signal)) {
        if (abort.signal.aborted) break
        await decoder.take(piece)
        // Somebody waits for the first frame: decoding what comes after would keep the page from drawing it.
        if (!hasShown && !rest.has(frames[0]!)) {
          hasShown = true
          await untilDrawn()
        }
        while (!abort.signal.aborted && !this.#isInReach(next())) await this.#moved.promise
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
    const first = next()
    if (first === undefined) return this.#onIdle()
    if (this.#takesEncoded && (failure === null || failure instanceof UndecodableError)) {
      this.#takesEncoded = false
      return void this.#run([...rest.keys()])
    }
    // Nobody waits for what is beyond reach: it is asked for again when its turn comes, as are all but the next one.
    if (!this.#isInReach(first)) return
    for (const pane of [...rest.get(first)!]) this.#onFrame(pane, first, { state: 'failed', message: failure === null ? text.media.streamEnded : failureOf(failure).message })
  }
}

function untilDrawn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, drawnWithinMs)
    if (typeof requestAnimationFrame === 'function') requestAnimationFrame(() => setTimeout(resolve))
    else resolve()
  })
}
