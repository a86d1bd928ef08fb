/**
 * An engine process that trains nothing: it takes the run as a job does, logs a metric every 20 ms, and pauses, stops or
 * dies as it is told; with IDLE_STEPS it finishes after so many, unless its folder's name has IDLE_HOLD in it. For tests of
 * what looks after it. `desk` answers `presets` and dies on `doctor`. `evaluate` plays nothing: every second world is said
 * to succeed, or the whole to fail where the run's name has IDLE_FAILS in it.
 */
import { join } from 'node:path'
import type { EvaluationRequest } from '../../electron/contract/evaluate.ts'
import type { FromDesk, FromEvaluation, ToDesk, ToJob } from '../../electron/engine/protocol.ts'
import { evaluationFile } from '../../electron/engine/evaluation/rollout-files.ts'
import { openRun, readStatus } from '../../electron/engine/runs/run-folder.ts'
import { RunStatusKeeper } from '../../electron/engine/runs/run-status-keeper.ts'
import { MetricWriter } from '../../electron/metrics/writer.ts'
import { parentChannel } from '../../electron/platform/child-process.ts'
import { writeFileAtomic } from '../../electron/platform/fs-atomic.ts'

const [role, home, runPath] = process.argv.slice(2)
const channel = parentChannel()!
const { IDLE_STEPS, IDLE_HOLD, IDLE_FAILS } = process.env
const isHeld = IDLE_STEPS === undefined || (IDLE_HOLD !== undefined && runPath!.includes(IDLE_HOLD))
const totalSteps = isHeld ? 100_000 : Number(IDLE_STEPS)

if (role === 'desk') {
  const send = (message: FromDesk): void => channel.send(message)
  channel.onClose(() => process.exit(0))
  channel.onMessage((raw) => {
    const message = raw as ToDesk
    if (message.type === 'exit') process.exit(0)
    if (message.type !== 'call') return
    if (message.method === 'doctor') process.kill(process.pid, 'SIGSEGV')
    if (message.method === 'presets') send({ type: 'result', call: message.call, value: [] })
    else if (message.method !== 'doctor') send({ type: 'failure', call: message.call, error: { code: 'dataset-invalid', message: 'no data here', hint: 'none' } })
  })
  send({ type: 'ready' })
} else if (role === 'evaluate') {
  await pretendToPlay(JSON.parse(runPath!) as EvaluationRequest)
} else {
  const keeper = await RunStatusKeeper.claim(runPath!, () => {})
  const metrics = await MetricWriter.open(join(runPath!, 'metrics'), keeper.status.step + 1)
  keeper.update({ state: 'running', phase: 'train', provider: 'cpu', totalSteps })
  let step = keeper.status.step
  const timer = setInterval(() => {
    metrics.append(++step, { 'loss/total': 1 / step })
    keeper.stepDone(step)
    if (step >= totalSteps) void end('finished')
  }, 20)
  const end = async (state: 'paused' | 'stopped' | 'finished'): Promise<void> => {
    clearInterval(timer)
    if (state !== 'finished') keeper.update({ state: 'pausing' })
    await metrics.close()
    await keeper.end({ state })
    process.exit(0)
  }
  channel.onClose(() => void end('paused'))
  channel.onMessage((raw) => void end((raw as ToJob).type === 'stop' ? 'stopped' : 'paused'))
  process.on('SIGTERM', () => void end('paused'))
}

async function pretendToPlay({ policy, tasks, seeds, replanSteps }: EvaluationRequest): Promise<void> {
  const send = (message: FromEvaluation): void => channel.send(message)
  if (policy.kind !== 'run') return
  if (IDLE_FAILS !== undefined && policy.runId.includes(IDLE_FAILS)) {
    send({ type: 'evaluation-ended', error: { code: 'simulation', message: 'The block fell through the table.', hint: 'Try again.' } })
    process.exit(0)
  }
  const [{ evaluationOf }, { firstEvaluationSeeds }] = await Promise.all([import('../../electron/evaluate/closed-loop.ts'), import('../../electron/sim/suites.ts')])
  const run = await openRun(join(home!, 'runs', policy.runId))
  const owner = { kind: 'run', runId: policy.runId, checkpointStep: (await readStatus(run.path)).step, replanSteps: replanSteps ?? run.config.action.replanSteps } as const
  const worlds = firstEvaluationSeeds(seeds)
  send({ type: 'evaluation-begins', owner, seeds: worlds })
  const rollouts = tasks.flatMap((task) => worlds.map((seed, index) => ({ task, seed, success: index % 2 === 0, steps: 10, reason: index % 2 === 0 ? null : 'step limit' })))
  await writeFileAtomic(evaluationFile(run, owner.checkpointStep, owner.replanSteps, 'json'), JSON.stringify(evaluationOf(rollouts, { ...owner, createdAt: Date.now() })))
  send({ type: 'evaluation-ended', error: null })
  process.exit(0)
}
