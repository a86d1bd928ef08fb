import { blobUrl } from '../../../electron/contract/blob.ts'
import type { Replay } from '../../../electron/contract/replay.ts'
import type { FrameStream } from '../../media/frame-feed.ts'
import type { PaneSource } from '../../media/use-lockstep.ts'
import { fetchPieces } from '../../rpc/blob.ts'
import type { RunStyle } from '../../ui/run-colour.ts'

/** One run's replay among those side by side. */
export interface Lane {
  readonly replay: Replay
  readonly name: string
  readonly style: RunStyle
  readonly predictedFrames: number
}

export type PaneKind = 'camera' | 'true-motion' | 'predicted-motion' | 'error'

/** One picture of the stage: what it shows, of which lane, from which fetched pictures. */
export interface ScenePane {
  readonly id: string
  readonly kind: PaneKind
  readonly lane: number
  /** Ids of the sources that it is made from; the last one's state is the pane's. None: the lane has no such picture, and the pane says why. */
  readonly from: readonly string[]
}

/** The panes that have pictures. */
export const picturedPanes = (panes: readonly ScenePane[]): ScenePane[] => panes.filter(({ from }) => from.length > 0)

const sourceId = (lane: number, pane: Replay['panes'][number]): string => `${lane}/${pane}`

/** Whether the lanes look at the same frames through the same camera in the same size: then one camera and one truth serve all. */
export function sharesFrames(lanes: readonly Lane[]): boolean {
  const [first, ...others] = lanes.map(({ replay }) => JSON.stringify([replay.source, replay.camera, replay.width, replay.horizonSteps, replay.sign, replay.holdsFlow]))
  return others.every((key) => key === first)
}

/** What must be fetched for the lanes, each picture once. Frames are predicted in order; of the camera and the true motion all are there from the start. */
export function sourcesOf(lanes: readonly Lane[]): PaneSource[] {
  const isShared = sharesFrames(lanes)
  return lanes.flatMap(({ replay, predictedFrames }, lane) =>
    replay.panes
      .filter((pane) => lane === 0 || pane === 'predicted-motion' || !isShared)
      .map((pane) => ({
        id: sourceId(lane, pane),
        url: (frame: number) => blobUrl.replay(replay.id, pane, frame),
        exists: (frame: number) => frame < (pane === 'predicted-motion' ? Math.min(predictedFrames, replay.frameCount) : replay.frameCount),
      })),
  )
}

/**
 * The first lane's camera as its dataset stores it, by one stream: video is then decoded on from frame to frame, where
 * each frame asked for alone begins at a key frame. None for a rollout, which is rendered.
 */
export function cameraStreamOf([lane]: readonly Lane[]): FrameStream | undefined {
  const { source, camera } = lane!.replay
  if (source.kind !== 'episode' || source.datasetId === null) return undefined
  const { datasetId, episode } = source
  return {
    paneIds: [sourceId(0, 'camera')],
    open: (frames, takesEncoded, signal) => fetchPieces(blobUrl.frames(datasetId, { episode, cameras: [camera], frames, takesEncoded }), signal),
  }
}

/** The panes in the order in which they are laid out, lane by lane; what lanes share comes once, first. */
export function panesOf(lanes: readonly Lane[]): ScenePane[] {
  const isShared = sharesFrames(lanes)
  return lanes.flatMap(({ replay }, lane): ScenePane[] => {
    const has = (pane: Replay['panes'][number]) => replay.panes.includes(pane)
    const truth = sourceId(isShared ? 0 : lane, 'true-motion')
    const own: ScenePane[] = []
    if (lane === 0 || !isShared) {
      own.push({ id: `${lane}/camera`, kind: 'camera', lane, from: [sourceId(lane, 'camera')] })
      if (has('true-motion')) own.push({ id: `${lane}/true-motion`, kind: 'true-motion', lane, from: [truth] })
    }
    own.push({ id: `${lane}/predicted-motion`, kind: 'predicted-motion', lane, from: has('predicted-motion') ? [sourceId(lane, 'predicted-motion')] : [] })
    if (has('predicted-motion') && has('true-motion') && replay.holdsFlow) own.push({ id: `${lane}/error`, kind: 'error', lane, from: [truth, sourceId(lane, 'predicted-motion')] })
    return own
  })
}

/** Pixels at full colour of each frame's motion image; where the truth rests, those of the nearest frame that moves. */
export function scalePxOf({ fullColourPx }: Replay): readonly (number | null)[] {
  return fullColourPx.map((px, frame) => {
    if (px !== null) return px
    for (let away = 1; away < fullColourPx.length; away++) {
      const near = fullColourPx[frame - away] ?? fullColourPx[frame + away] ?? null
      if (near !== null) return near
    }
    return null
  })
}

/** One scale for every frame and pane of all lanes: the longest motion of the episodes, in pixels. Null where nothing ever moves. */
export function sharedScalePx(lanes: readonly Lane[]): number | null {
  const known = lanes.flatMap(({ replay }) => replay.fullColourPx).filter((px): px is number => px !== null)
  return known.length === 0 ? null : Math.max(...known)
}
