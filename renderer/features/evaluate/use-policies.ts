import { computed, shallowRef, watch, type Ref } from 'vue'
import type { RunDetail } from '../../../electron/contract/run.ts'
import { useEvaluations } from '../../stores/evaluations.ts'
import { useNotices } from '../../stores/notices.ts'
import { useRuns } from '../../stores/runs.ts'
import { latestEvaluation, type PolicyColumn } from './matrix.ts'

/** The judged policies of these runs, between the two ends of the scale: random first, the expert last. */
export function usePolicies(runIds: Readonly<Ref<readonly string[]>>) {
  const runs = useRuns()
  const evaluations = useEvaluations()
  const notices = useNotices()
  const details = shallowRef<ReadonlyMap<string, RunDetail>>(new Map())

  // Evaluations change a run's summary; then its detail is asked for again.
  const revision = computed(() => runIds.value.map((id) => `${id}:${JSON.stringify(runs.byId.get(id)?.evaluation ?? null)}`).join())
  watch(
    revision,
    async () => {
      const wanted = runIds.value.filter((id) => runs.byId.has(id))
      await notices.attempt(async () => {
        const answers = await Promise.all(wanted.map((id) => runs.get(id)))
        details.value = new Map(answers.map((detail) => [detail.id, detail]))
      })
    },
    { immediate: true },
  )

  const columns = computed<PolicyColumn[]>(() => {
    const judged = runIds.value.flatMap((id): PolicyColumn[] => {
      const evaluation = latestEvaluation(details.value.get(id)?.evaluations ?? [])
      if (evaluation === null) return []
      return [{ key: id, name: runs.nameOf(id), style: runs.styleOf(id), evaluation, owner: { kind: 'run', runId: id, checkpointStep: evaluation.checkpointStep, replanSteps: evaluation.replanSteps } }]
    })
    const end = (name: 'random' | 'expert'): PolicyColumn[] => {
      const evaluation = evaluations.baselines[name]
      return evaluation === null ? [] : [{ key: name, name, style: null, evaluation, owner: { kind: 'baseline', name } }]
    }
    return [...end('random'), ...judged, ...end('expert')]
  })
  return { columns, details }
}
