/**
 * An engine process that trains nothing: it takes the run as a job does, logs a metric every 20 ms, and pauses, stops or
 * dies as it is told. For tests of what looks after it. `desk` answers `presets` and dies on `doctor`.
 */
import { join } from 'node:path'
import type { FromDesk, ToDesk, ToJob } from '../../electron/engine/protocol.ts'
import { RunStatusKeeper } from '../../electron/engine/run-status-keeper.ts'
import { MetricWriter } from '../../electron/metrics/writer.ts'
import { parentChannel } from '../../electron/platform/child-process.ts'

const [role, , runPath] = process.argv.slice(2)
const channel = parentChannel()!

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
} else {
  const keeper = await RunStatusKeeper.claim(runPath!, () => {})
  const metrics = await MetricWriter.open(join(runPath!, 'metrics'), keeper.status.step + 1)
  keeper.update({ state: 'running', phase: 'train', provider: 'cpu', totalSteps: 100_000 })
  let step = keeper.status.step
  const timer = setInterval(() => {
    metrics.append(++step, { 'loss/total': 1 / step })
    keeper.stepDone(step)
  }, 20)
  const end = async (state: 'paused' | 'stopped'): Promise<void> => {
    clearInterval(timer)
    keeper.update({ state: 'pausing' })
    await metrics.close()
    await keeper.end({ state })
    process.exit(0)
  }
  channel.onClose(() => void end('paused'))
  channel.onMessage((raw) => void end((raw as ToJob).type === 'stop' ? 'stopped' : 'paused'))
  process.on('SIGTERM', () => void end('paused'))
}
