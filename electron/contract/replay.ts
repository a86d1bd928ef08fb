import { z } from 'zod'

/** What a replay shows: predicted motion images of one checkpoint on one episode, beside the true ones. */
export const replaySchema = z.object({
  id: z.string(),
  runId: z.string(),
  checkpointStep: z.number().int(),
  datasetId: z.string(),
  episode: z.number().int(),
  camera: z.string(),
  instruction: z.string(),
  fps: z.number(),
  frameCount: z.number().int(),
  horizonSteps: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  /** Whether this episode was held out of training. */
  isHeldOut: z.boolean(),
  panes: z.array(z.enum(['camera', 'true-motion', 'predicted-motion', 'error'])),
  /** Upper end of the error pane's scale, in units of the normalised flow (1 = full saturation). */
  errorMax: z.number(),
})
export type Replay = z.infer<typeof replaySchema>

/** Per-frame errors of a replay; null where the true motion image is white or the frame is not predicted yet. */
export const replayErrorsSchema = z.object({
  /** Mean length of the difference of the decoded, normalised flows over moving pixels. */
  endPointError: z.array(z.number().nullable()),
  /** Mean angle between the decoded directions over moving pixels, in degrees. */
  directionErrorDeg: z.array(z.number().nullable()),
  /** Intersection over union of the moving masks. */
  movingIou: z.array(z.number().nullable()),
  predictedFrames: z.number().int(),
})
export type ReplayErrors = z.infer<typeof replayErrorsSchema>
