import type { RunStatus } from '../../contract/run.ts'
import type { ParentChannel } from '../../platform/child-process.ts'
import type { Home } from '../../platform/paths.ts'
import { processHeartbeatMs, type FromJob, type ToJob } from '../protocol.ts'
import { runTrainingJob } from './training-job.ts'

/**
 * Trains one run for the host. A message pauses or stops it; SIGTERM, SIGINT and a host that has gone pause it, too: the
 * last checkpoint is written and the run can be resumed.
 */
export async function serveJob(home: Home, runPath: string, channel: ParentChannel | null): Promise<RunStatus> {
  const pause = new AbortController()
  const stop = new AbortController()
  const send = (message: FromJob): void => channel?.send(message)
  channel?.onMessage((raw) => {
    const message = raw as ToJob
    if (message.type === 'pause') pause.abort()
    if (message.type === 'stop') stop.abort()
  })
  channel?.onClose(() => pause.abort())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => pause.abort())
  const heartbeat = setInterval(() => send({ type: 'heartbeat' }), processHeartbeatMs).unref()
  send({ type: 'ready' })
  try {
    return await runTrainingJob({ runPath, home, signal: pause.signal, stopSignal: stop.signal })
  } finally {
    clearInterval(heartbeat)
  }
}
