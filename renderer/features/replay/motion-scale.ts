import { text } from '../../text/en.ts'
import { formatValue } from '../../ui/format.ts'
import { errorMax, type MotionStyle } from './pane-pictures.ts'
import { scalePxOf, type Lane } from './scene-panes.ts'

/** What a legend says of the colours of a frame. */
export interface MotionScale {
  /** As its own wheel draws the run's pictures; what is drawn anew points the way that things move. */
  readonly sign: 1 | -1
  /** How far the strongest colour stands for. */
  readonly caption: string
  /** The upper end of the error's colours, in its unit. */
  readonly error: string
}

const round = (px: number): string => formatValue(Math.round(px * 100) / 100)

/** Null where the run predicts no motion. */
export function motionScale({ replay }: Lane, frame: number, { palette, scalePx }: MotionStyle): MotionScale | null {
  if (!replay.panes.includes('true-motion') || !replay.holdsFlow) return null
  const px = scalePx ?? scalePxOf(replay)[frame] ?? null
  const tell = scalePx === null ? text.replay.imageScale : text.replay.sharedScale
  return {
    sign: palette === 'wheel' && replay.sign === 'reversed' ? -1 : 1,
    caption: px === null ? text.replay.still : tell(round(px), round(px / replay.horizonSteps), replay.horizonSteps),
    error: scalePx === null ? text.replay.errorUnit(formatValue(errorMax)) : text.replay.errorPx(round(errorMax * scalePx)),
  }
}
