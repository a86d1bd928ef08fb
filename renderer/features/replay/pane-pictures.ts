import type { FlowPalette } from '../../../electron/base/flow-palette.ts'
import { pixelsOf, sizeOf } from '../../media/frame-cache.ts'
import { arrowsOf, errorPicture, paintMotion, readMotion, type Arrow, type Motion } from '../../media/motion-picture.ts'
import type { PaneState } from '../../media/use-lockstep.ts'
import type { Picture } from '../../rpc/blob.ts'
import { scalePxOf, type Lane, type ScenePane } from './scene-panes.ts'

/** How motion is drawn: in the run's own scale of each image, or in one scale for all, in pixels at full colour. */
export interface MotionStyle {
  readonly palette: FlowPalette
  readonly scalePx: number | null
}

/** Upper end of the error scale: the length of full colour. */
export const errorMax = 1

/** Pictures live as long as the frame cache keeps them; what is made from them goes with them. */
const motions = new WeakMap<Picture, Motion>()
const derived = new WeakMap<Picture, Map<string, Picture>>()

function motionOf(picture: Picture, sign: 1 | -1): Motion {
  let motion = motions.get(picture)
  if (motion === undefined) motions.set(picture, (motion = readMotion(picture, sign)))
  return motion
}

function remembered(picture: Picture, key: string, make: () => Picture): Picture {
  let made = derived.get(picture)
  if (made === undefined) derived.set(picture, (made = new Map()))
  let result = made.get(key)
  if (result === undefined) made.set(key, (result = make()))
  return result
}

const signOf = ({ replay }: Lane): 1 | -1 => (replay.sign === 'reversed' ? -1 : 1)

/** What a frame's colours are multiplied by to be on the shared scale; 1 in the run's own. */
export function factorOf({ replay }: Lane, frame: number, { scalePx }: MotionStyle): number {
  if (scalePx === null) return 1
  const own = scalePxOf(replay)[frame] ?? null
  return own === null ? 0 : own / scalePx
}

function scaled({ width, height, uv }: Motion, factor: number): Motion {
  return factor === 1 ? { width, height, uv } : { width, height, uv: uv.map((value) => value * factor) }
}

/** The motion image as it is drawn here: as it came where nothing differs from how the run draws it. */
export function drawMotion(picture: Picture, lane: Lane, frame: number, style: MotionStyle): Picture {
  // A future frame is a picture, not flow.
  if (!lane.replay.holdsFlow) return picture
  const factor = factorOf(lane, frame, style)
  if (style.palette === 'wheel' && factor === 1) return picture
  return remembered(picture, `${style.palette} ${factor}`, () => {
    const motion = motionOf(picture, signOf(lane))
    const drawn = style.palette === 'wheel' && signOf(lane) === -1 ? { ...motion, uv: motion.uv.map((value) => -value) } : motion
    return paintMotion(drawn, style.palette, factor)
  })
}

/** A pane's state from the states of its sources: not there before all of them are. */
export function paneState(pane: ScenePane, sources: ReadonlyMap<string, PaneState>, lane: Lane, frame: number, style: MotionStyle): PaneState {
  if (pane.from.length === 0) return { state: 'absent' }
  const states = pane.from.map((id) => sources.get(id) ?? ({ state: 'loading' } as const))
  const missing = states.find(({ state }) => state !== 'ready')
  if (missing !== undefined) return missing
  if (pane.kind === 'camera') return states[0]!
  const pictures = states.map((state) => pixelsOf(state)!)
  const last = pictures.at(-1)!
  if (pane.kind !== 'error') return { state: 'ready', picture: drawMotion(last, lane, frame, style) }
  const factor = factorOf(lane, frame, style)
  const picture = remembered(last, `error ${factor}`, () => errorPicture(scaled(motionOf(pictures[0]!, signOf(lane)), factor), scaled(motionOf(last, signOf(lane)), factor), errorMax))
  return { state: 'ready', picture }
}

/**
 * Arrows over a pane: its own motion, and over a camera or an error the true one. A camera's picture lies in the middle of
 * the square that its motion fills, which is then larger than the picture by what was padded.
 */
export function paneArrows(pane: ScenePane, sources: ReadonlyMap<string, PaneState>, lane: Lane, truthId: string): { readonly arrows: readonly Arrow[]; readonly width: number; readonly height: number; readonly cellPx: number } | null {
  if (pane.from.length === 0) return null
  const state = sources.get(pane.kind === 'predicted-motion' ? pane.from[0]! : truthId)
  const picture = pixelsOf(state)
  if (picture === null || !lane.replay.holdsFlow) return null
  const { width, height } = picture
  const cellPx = Math.max(2, Math.round(width / 16))
  const arrows = arrowsOf(motionOf(picture, signOf(lane)), cellPx)
  const seen = pane.kind === 'camera' ? sources.get(pane.from[0]!) : undefined
  if (seen?.state !== 'ready') return { arrows, width, height, cellPx }
  const size = sizeOf(seen.picture)
  const longest = Math.max(size.width, size.height)
  const inner = { width: (width * size.width) / longest, height: (height * size.height) / longest }
  const [left, top] = [(width - inner.width) / 2, (height - inner.height) / 2]
  return { arrows: arrows.map((arrow) => ({ ...arrow, x: arrow.x - left, y: arrow.y - top })), ...inner, cellPx }
}

/** End-point error of a sample against the truth over truly moving pixels, in units of full colour. */
export function sampleError(truth: Motion, sample: Motion, from: number): number | null {
  let count = 0
  let sum = 0
  for (let at = 0; at < truth.uv.length; at += 2) {
    if (Math.hypot(truth.uv[at]!, truth.uv[at + 1]!) < from) continue
    count++
    sum += Math.hypot(truth.uv[at]! - sample.uv[at]!, truth.uv[at + 1]! - sample.uv[at + 1]!)
  }
  return count === 0 ? null : sum / count
}
