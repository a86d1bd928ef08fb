import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { maxStreamed } from '../../electron/contract/blob.ts'
import { isAbort, failureOf } from '../rpc/failure.ts'
import { fetchPicture } from '../rpc/blob.ts'
import { bytesOf, FrameCache, type FetchFrame, type FrameEntry } from './frame-cache.ts'
import { FrameFeed, type FrameStream } from './frame-feed.ts'
import { FrameClock } from './frame-clock.ts'

export interface PaneSource {
  readonly id: string
  readonly url: (frame: number) => string
  /** False for a frame of which is known that it does not exist yet: it is not asked for. */
  readonly exists?: (frame: number) => boolean
  /** How many frames ahead are fetched; less than usual for pictures that are costly to make. */
  readonly ahead?: number
}

export type PaneState = FrameEntry | { readonly state: 'loading' }

/** What is on screen: every pane's state belongs to `frame`, and no other. */
export interface View {
  readonly frame: number
  readonly panes: ReadonlyMap<string, PaneState>
}

/** How long the former frame may stay (under its own number) before panes that miss the new one go blank. */
const graceMs = 120
/** How much is fetched ahead, and half of it behind; less where pictures are so large that the cache could not hold them. */
const prefetchFrames = 48
/** What comes before the rest: the next frames, and as many back for steps back. */
const nearFrames = 4
/** Before the first pictures tell how large they are. */
const unknownFrames = 8
const prefetchShare = 0.7

const fetchFrame: FetchFrame = async (url, signal) => {
  try {
    const picture = await fetchPicture(url, signal)
    return picture === null ? { state: 'absent' } : { state: 'ready', picture }
  } catch (error) {
    if (isAbort(error)) throw error
    return { state: 'failed', message: failureOf(error).message }
  }
}

export interface Lockstep {
  readonly clock: FrameClock
  readonly frame: Readonly<Ref<number>>
  readonly isPlaying: Readonly<Ref<boolean>>
  readonly speed: Readonly<Ref<number>>
  readonly direction: Readonly<Ref<1 | -1>>
  readonly view: Readonly<Ref<View>>
  /** Every change of the clock goes through here, so that the refs follow. */
  command(change: (clock: FrameClock) => void): void
  /** Asks again for frames that were absent. */
  refresh(): void
  /** Every pane of one frame, loaded if it must be, without showing it. */
  load(index: number): Promise<ReadonlyMap<string, PaneState>>
}

/** Panes that show one frame index at a time: a frame appears in all of them at once or not at all. */
export function useLockstep(settings: { frameCount: number; fps: number; frame?: number }, sources: Ref<readonly PaneSource[]>, { fetch = fetchFrame, stream }: { fetch?: FetchFrame; stream?: FrameStream | undefined } = {}): Lockstep {
  const clock = new FrameClock(settings)
  const cache = new FrameCache(fetch)
  const feed = stream && new FrameFeed(stream, (pane, index, entry) => {
    const source = sources.value.find(({ id }) => id === stream.paneIds[pane])
    if (source === undefined) return
    cache.put(source.url(index), entry)
    arrived()
  }, () => prefetch(clock.frame))
  const frame = ref(clock.frame)
  const isPlaying = ref(false)
  const speed = ref(1)
  const direction = ref<1 | -1>(1)
  const view = shallowRef<View>({ frame: clock.frame, panes: new Map() })
  /** What the present frame waits for, if it does; `isLate` once it is shown without. */
  let waiting: { readonly index: number; readonly grace: ReturnType<typeof setTimeout>; isLate: boolean } | null = null
  let request: number | undefined
  let isDisposed = false

  const isMissing = (source: PaneSource, index: number): boolean => source.exists?.(index) === false
  const isReady = (index: number): boolean => sources.value.every((source) => isMissing(source, index) || cache.has(source.url(index)))
  const stateOf = (source: PaneSource, index: number): PaneState => (isMissing(source, index) ? { state: 'absent' } : (cache.peek(source.url(index)) ?? { state: 'loading' }))
  const collect = (index: number): Map<string, PaneState> => new Map(sources.value.map((source) => [source.id, stateOf(source, index)]))

  function sync(): void {
    frame.value = clock.frame
    isPlaying.value = clock.isPlaying
    speed.value = clock.speed
    direction.value = clock.direction
    if (clock.isPlaying && request === undefined) request = requestAnimationFrame(loop)
  }

  function loop(nowMs: number): void {
    request = undefined
    if (isDisposed) return
    if (clock.tick(nowMs, isReady)) present()
    sync()
  }

  function show(index: number): void {
    view.value = { frame: index, panes: collect(index) }
  }

  function present(): void {
    const index = clock.frame
    clearTimeout(waiting?.grace)
    waiting = null
    const isHere = isReady(index)
    if (isHere) show(index)
    prefetch(index)
    if (isHere) return
    const own = {
      index,
      isLate: false,
      grace: setTimeout(() => {
        own.isLate = true
        arrived()
      }, graceMs),
    }
    waiting = own
    for (const source of addressed()) if (!isMissing(source, index)) void cache.load(source.url(index)).then(arrived, arrived)
  }

  /** A picture is there, or its wait is over: is it time to show the frame? */
  function arrived(): void {
    if (waiting === null || isDisposed) return
    const isWhole = isReady(waiting.index)
    if (!isWhole && !waiting.isLate) return
    show(waiting.index)
    if (!isWhole) return
    clearTimeout(waiting.grace)
    waiting = null
    // The pictures tell how many more there is room for.
    prefetch(clock.frame)
  }

  const isStreamed = ({ id }: PaneSource): boolean => stream?.paneIds.includes(id) === true
  const addressed = (): readonly PaneSource[] => sources.value.filter((source) => !isStreamed(source))

  /** As many frames as the cache holds of pictures as large as those on screen. */
  function reach(): number {
    let bytes = 0
    for (const pane of view.value.panes.values()) bytes += bytesOf(pane)
    return bytes === 0 ? unknownFrames : Math.max(2, Math.min(prefetchFrames, Math.floor((prefetchShare * cache.maxBytes) / bytes / 1.5)))
  }

  function prefetch(index: number): void {
    const urls: string[] = []
    const missing: number[] = []
    const reachFrames = reach()
    const streamed = sources.value.filter(isStreamed)
    const isHere = (at: number): boolean => streamed.every((source) => cache.has(source.url(at)))
    for (const at of around(index, reachFrames)) {
      for (const source of addressed()) if (Math.abs(at - index) <= (source.ahead ?? prefetchFrames) && !isMissing(source, at)) urls.push(source.url(at))
      if (!isHere(at)) missing.push(at)
    }
    cache.prefetch(urls)
    feed?.want({ playhead: index, reachFrames, missing, beyond: () => onwards(index, reachFrames + 1, maxStreamed).filter((at) => !isHere(at)) })
  }

  /** Frames in the order in which they are likely to be wanted: this one, the next few, a few back, the rest ahead, the rest back. */
  function around(index: number, reachFrames: number): number[] {
    const backFrames = Math.ceil(reachFrames / 2)
    const near = Math.min(nearFrames, backFrames)
    const back = -clock.direction
    return [...onwards(index, 0, near), ...onwards(index, 1, near, back), ...onwards(index, near + 1, reachFrames), ...onwards(index, near + 1, backFrames, back)]
  }

  /** The frames from one distance to another, as far as there are any. */
  function onwards(index: number, from: number, to: number, direction: number = clock.direction): number[] {
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => index + direction * (from + at)).filter((at) => at >= 0 && at <= clock.lastFrame)
  }

  function command(change: (clock: FrameClock) => void): void {
    const before = clock.frame
    change(clock)
    if (clock.frame !== before) present()
    sync()
  }

  function refresh(): void {
    cache.forgetAbsent()
    present()
  }

  async function load(index: number): Promise<ReadonlyMap<string, PaneState>> {
    await Promise.all(sources.value.filter((source) => !isMissing(source, index)).map((source) => cache.load(source.url(index)).then(undefined, () => undefined)))
    return collect(index)
  }

  watch(sources, present, { immediate: true })
  onScopeDispose(() => {
    isDisposed = true
    if (request !== undefined) cancelAnimationFrame(request)
    clearTimeout(waiting?.grace)
    feed?.dispose()
    cache.clear()
  })

  return { clock, frame, isPlaying, speed, direction, view, command, refresh, load }
}
