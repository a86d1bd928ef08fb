import { join } from 'node:path'
import { KinoraError } from '../../contract/errors.ts'
import type { EvaluationRequest } from '../../contract/evaluate.ts'
import type { ParentChannel } from '../../platform/child-process.ts'
import type { Home } from '../../platform/paths.ts'
import { firstEvaluationSeeds } from '../../sim/suites.ts'
import { EvaluationGrid } from './evaluation-grid.ts'
import { earlyStopOf, evaluateBaselineOf, evaluateRun, ownerOf } from './evaluation.ts'
import { processHeartbeatMs, type FromEvaluation, type ToEvaluation } from '../protocol.ts'
import { openRun } from '../runs/run-folder.ts'

/** How often the grid goes to the host at most. */
const tellMs = 200

/**
 * Plays one evaluation for the host and tells its grid as it fills. Rollouts are kept as they end; a message, a signal
 * or a host that has gone stops it.
 * @returns whether it came to its end
 */
export async function serveEvaluation(home: Home, request: EvaluationRequest, channel: ParentChannel | null): Promise<boolean> {
  const stop = new AbortController()
  const send = (message: FromEvaluation): void => channel?.send(message)
  channel?.onMessage((raw) => {
    if ((raw as ToEvaluation).type === 'stop') stop.abort()
  })
  channel?.onClose(() => stop.abort())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())
  const heartbeat = setInterval(() => send({ type: 'heartbeat' }), processHeartbeatMs).unref()
  const seeds = firstEvaluationSeeds(request.seeds)
  const grid = new EvaluationGrid(request.tasks, seeds)
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    clearTimeout(timer)
    timer = undefined
    send({ type: 'evaluation-progress', ...grid.snapshot() })
  }
  const changed = (): void => void (timer ??= setTimeout(tell, tellMs))
  try {
    const owner = await ownerOf(home, request.policy, request.replanSteps)
    send({ type: 'evaluation-begins', owner, seeds })
    const options = {
      tasks: request.tasks,
      seeds,
      ...(request.stop && { until: await earlyStopOf(home, request.stop, { tasks: request.tasks, seeds }) }),
      signal: stop.signal,
      onRollout: (rollout: Parameters<EvaluationGrid['ended']>[0]) => {
        grid.ended(rollout)
        changed()
      },
      onSteps: (task: string, seed: number, steps: number) => {
        grid.advanced(task, seed, steps)
        changed()
      },
    }
    const { stoppedEarly } =
      owner.kind === 'baseline'
        ? await evaluateBaselineOf(home, owner.name, options)
        : await evaluateRun(home, await openRun(join(home.runs, owner.runId)), owner.checkpointStep, { ...options, replanSteps: owner.replanSteps, onWarning: (message) => send({ type: 'warning', message }) })
    tell()
    send({ type: 'evaluation-ended', error: null, ...(stoppedEarly && { stoppedEarly }) })
    return true
  } catch (error) {
    tell()
    send({ type: 'evaluation-ended', error: stop.signal.aborted ? null : KinoraError.from(error).toJSON(), ...(stop.signal.aborted ? { isStopped: true } : {}) })
    return false
  } finally {
    clearTimeout(timer)
    clearInterval(heartbeat)
  }
}
