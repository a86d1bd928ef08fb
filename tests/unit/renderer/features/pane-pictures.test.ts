import { describe, expect, it } from 'vitest'
import { paintFlow } from '../../../../electron/base/colour-wheel.ts'
import type { PaneState } from '../../../../renderer/media/use-lockstep.ts'
import { paneArrows } from '../../../../renderer/features/replay/pane-pictures.ts'
import type { Lane, ScenePane } from '../../../../renderer/features/replay/scene-panes.ts'

const picture = (width: number, height: number): { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } => ({ width, height, data: new Uint8ClampedArray(width * height * 4).fill(255) })
const ready = (shown: ReturnType<typeof picture>): PaneState => ({ state: 'ready', picture: shown })
const lane = { replay: { holdsFlow: true, sign: 'forward' }, name: 'a run' } as unknown as Lane
const pane = (kind: ScenePane['kind']): ScenePane => ({ id: `0/${kind}`, kind, lane: 0, from: [`0/${kind}`] })

/** A square of 64 in which four pixels each way about its middle move to the right. */
function motion(): ReturnType<typeof picture> {
  const square = picture(64, 64)
  for (let y = 28; y < 36; y++) for (let x = 28; x < 36; x++) paintFlow(1, 0, square.data, (y * 64 + x) * 4)
  return square
}

describe('arrows over a pane', () => {
  it('lie on a wide camera where its motion is, the square of which is padded above and below', () => {
    const sources = new Map([['0/camera', ready(picture(640, 480))], ['0/true-motion', ready(motion())]])
    const over = (kind: ScenePane['kind']) => paneArrows(pane(kind), sources, lane, '0/true-motion')!
    const [onMotion, onCamera] = [over('true-motion'), over('camera')]
    expect(onMotion).toMatchObject({ width: 64, height: 64 })
    expect(onCamera).toMatchObject({ width: 64, height: 48, cellPx: onMotion.cellPx })
    expect(onMotion.arrows.length).toBeGreaterThan(0)
    expect(onCamera.arrows).toEqual(onMotion.arrows.map((arrow) => ({ ...arrow, y: arrow.y - 8 })))
  })

  it('lie on a square camera as on its motion', () => {
    const sources = new Map([['0/camera', ready(picture(128, 128))], ['0/true-motion', ready(motion())]])
    expect(paneArrows(pane('camera'), sources, lane, '0/true-motion')).toEqual(paneArrows(pane('true-motion'), sources, lane, '0/true-motion'))
  })
})
