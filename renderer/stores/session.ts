import { onScopeDispose } from 'vue'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { watchAttention } from '../rpc/attention.ts'
import { failureOf } from '../rpc/failure.ts'
import { useConnection } from '../rpc/use-connection.ts'
import { text } from '../text/en.ts'
import { useAblations } from './ablations.ts'
import { useDatasets } from './datasets.ts'
import { useEvaluations } from './evaluations.ts'
import { useNotices } from './notices.ts'
import { useReplays } from './replays.ts'
import { useRuns } from './runs.ts'
import { useSystem } from './system.ts'
import { useViews } from './views.ts'

/** Ties the stores to the connection: all load afresh when the event stream stands, then follow its batches. */
export function useSession(): void {
  const connection = useConnection()
  const system = useSystem()
  const runs = useRuns()
  const datasets = useDatasets()
  const replays = useReplays()
  const evaluations = useEvaluations()
  const ablations = useAblations()
  const notices = useNotices()
  const views = useViews()

  async function loadAll(): Promise<void> {
    const results = await Promise.allSettled([system.load(), runs.load(), datasets.load(), runs.loadPresets(), evaluations.load(), ablations.load(), views.load()])
    for (const result of results) if (result.status === 'rejected' && connection.state === 'open') notices.fail(failureOf(result.reason))
  }

  /** Changes of state are read out; those that someone should look at stay as a notice, on whatever page. */
  function tellStates(batch: readonly KinoraEvent[]): void {
    for (const event of batch) {
      if (event.type !== 'run-changed') continue
      const { name, status } = event.run
      const before = runs.byId.get(event.run.id)?.status.state
      if (before === undefined || before === status.state) continue
      notices.announce(text.runs.stateChanged(name, text.states[status.state]))
      if (status.state === 'stalled') notices.show('warning', text.runs.stalled(name, status.step), text.runs.stalledHint)
      if (status.state === 'failed' || status.state === 'crashed') notices.show('error', text.runs.stateChanged(name, text.states[status.state]), status.error?.message ?? '')
    }
  }

  /** The host sends news less often to a page that nobody is at. Each new line to it begins as attended. */
  let isAttended = true
  function tellAttention(): void {
    if (connection.state !== 'open') return
    connection.client.attend({ isAttended }).catch((error: unknown) => {
      // A line that was lost meanwhile is told of by the banner, and the next one is told anew.
      if (connection.state === 'open') notices.fail(failureOf(error))
    })
  }

  const listening = [
    watchAttention((value) => {
      isAttended = value
      tellAttention()
    }),
    connection.onDidChangeState((state) => {
      system.connectionState = state
      notices.announce(state === 'lost' ? text.connection.lost : text.connection.open)
    }),
    runs.onAlert((alert) => notices.show('warning', text.runs.alert(runs.nameOf(alert.id), alert.metric, alert.step, alert.value, alert.usual), text.runs.alertHints[alert.kind])),
    connection.onDidOpen(() => {
      if (!isAttended) tellAttention()
      void loadAll()
    }),
    connection.onEvents((batch) => {
      tellStates(batch)
      runs.apply(batch)
      for (const event of batch) {
        if (event.type === 'engine-warning') notices.show('warning', event.message)
        system.apply(event)
        datasets.apply(event)
        replays.apply(event)
        evaluations.apply(event)
        ablations.apply(event)
      }
    }),
  ]
  onScopeDispose(() => listening.forEach((one) => one.dispose()))
}
