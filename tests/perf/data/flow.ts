import type { RgbImage } from '../../../electron/base/image.ts'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import { disFlow } from '../../../electron/flow/dis.ts'
import { createFlowEstimator } from '../../../electron/flow/estimator.ts'
import { farnebackFlow } from '../../../electron/flow/farneback.ts'
import { endPointErrorPx } from '../../../electron/flow/metrics.ts'
import { flowThreadCount } from '../../../electron/flow/threads.ts'
import { recordEpisode, renderEpisode } from '../../../electron/sim/record.ts'
import { TabletopWorld } from '../../../electron/sim/world.ts'
import { rowOf } from '../../support/bench-row.ts'

const sizePx = 256
const taskId = 'tabletop-goal/push-button'
const seed = 3
const cameras = ['agentview', 'robot0_eye_in_hand'] as const
const frames = [4, 10, 16, 22]

/** Estimators on the tabletop at 256 px: error against its exact flow over 1 to 10 steps, and speed. */
export async function flowRows(signal: AbortSignal): Promise<BenchRow[]> {
  const recording = await recordEpisode(await TabletopWorld.create({ cameraSizePx: sizePx }), { taskId, seed }, { sizePx, horizonSteps: 1 })
  const bytes = sizePx * sizePx * 3
  const at = (camera: (typeof cameras)[number], frame: number): RgbImage => ({ width: sizePx, height: sizePx, data: recording.frames[camera].subarray(frame * bytes, (frame + 1) * bytes) })
  const rows: BenchRow[] = []
  for (let horizonSteps = 1; horizonSteps <= 10; horizonSteps++) {
    signal.throwIfAborted()
    const { flow } = horizonSteps === 1 ? recording : await renderEpisode({ taskId, seed, actions: recording.executedAction, sizePx, horizonSteps })
    const errors = { dis: [] as number[], farneback: [] as number[] }
    for (const camera of cameras) {
      for (const frame of frames) {
        const { uv } = flow[camera][frame]!
        const [from, to] = [at(camera, frame), at(camera, frame + horizonSteps)]
        errors.dis.push(endPointErrorPx(disFlow(from, to), { width: sizePx, height: sizePx, uv })!)
        errors.farneback.push(endPointErrorPx(farnebackFlow(from, to), { width: sizePx, height: sizePx, uv })!)
      }
    }
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    rows.push({ ...rowOf(`flow_epe_h${horizonSteps}_px`, 'px', 'lower', errors.dis, { target: mean(errors.farneback), note: `mean of ${errors.dis.length} pairs, dis; the target is Farneback's` }), value: mean(errors.dis) })
  }
  const estimator = await createFlowEstimator('dis')
  const pairs = Array.from({ length: 48 }, (_, index) => [at('agentview', index % 25), at('agentview', (index % 25) + 5)] as const)
  const run = async (): Promise<number> => {
    const startedAt = performance.now()
    await Promise.all(pairs.map(([from, to]) => estimator.estimate(from, to)))
    return (pairs.length * 1000) / (performance.now() - startedAt)
  }
  // The threads start and their code is compiled in the first round.
  await run()
  rows.push(rowOf('flow_frames_per_s', 'frames/s', 'higher', [await run(), await run(), await run()], { target: 20, note: `dis, forward, ${sizePx} px, ${flowThreadCount()} threads` }))
  return rows
}
