import { computed, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { DatasetDetail } from '../../../electron/contract/dataset.ts'
import type { RunDetail } from '../../../electron/contract/run.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useDatasets } from '../../stores/datasets.ts'
import { useNotices } from '../../stores/notices.ts'
import { useRuns } from '../../stores/runs.ts'
import type { ReplayChoice } from '../../stores/replays.ts'
import { text } from '../../text/en.ts'

export interface Normalisation {
  readonly sign: 1 | -1
  readonly caption: string
}

/** Run, checkpoint and episode as the address names them: the address is the state, so that it can be shared. */
export function useReplayChoice() {
  const route = useRoute()
  const router = useRouter()
  const runs = useRuns()
  const datasets = useDatasets()
  const notices = useNotices()
  const dataset = shallowRef<DatasetDetail | null>(null)
  const detail = shallowRef<RunDetail | null>(null)

  /** Runs with a motion head and something to load. */
  const replayable = computed(() => runs.list.filter((run) => run.checkpoints.length > 0 && run.motionTarget !== 'none'))
  const runId = computed(() => String(route.params['runId'] ?? ''))
  const run = computed(() => runs.byId.get(runId.value))
  const checkpointStep = computed(() => {
    const given = Number(route.query['step'])
    return route.query['step'] !== undefined && Number.isInteger(given) && given >= 0 ? given : null
  })
  const datasetId = computed(() => run.value?.datasetId ?? null)
  const episodes = computed(() => dataset.value?.episodes ?? [])
  const episode = computed(() => {
    const given = Number(route.query['e'])
    if (route.query['e'] !== undefined && Number.isInteger(given) && given >= 0) return given
    // The last episode is held out of training if any is.
    return episodes.value.at(-1)?.index ?? null
  })

  const choice = shallowRef<ReplayChoice | null>(null)
  watch(
    () => {
      if (runId.value === '' || (runs.isLoaded && run.value === undefined) || episode.value === null) return null
      return JSON.stringify([runId.value, checkpointStep.value, episode.value])
    },
    (key) => {
      choice.value = key === null ? null : { runId: runId.value, checkpointStep: checkpointStep.value, datasetId: null, episode: episode.value! }
    },
    { immediate: true },
  )

  watch(
    datasetId,
    async (id) => {
      dataset.value = null
      if (id === null) return
      try {
        const answer = await datasets.get(id)
        if (datasetId.value === id) dataset.value = answer
      } catch (error) {
        notices.fail(failureOf(error))
      }
    },
    { immediate: true },
  )
  watch(
    runId,
    async (id) => {
      detail.value = null
      if (id === '') return
      try {
        const answer = await runs.get(id)
        if (runId.value === id) detail.value = answer
      } catch (error) {
        notices.fail(failureOf(error))
      }
    },
    { immediate: true },
  )

  const normalisation = computed<Normalisation>(() => {
    const motion = detail.value?.config.motion
    if (motion === undefined) return { sign: 1, caption: text.replay.wheel }
    return { sign: motion.sign === 'reversed' ? -1 : 1, caption: motion.normalisation === 'fixed' ? text.replay.fixed(motion.fixedPx, motion.horizonSteps) : text.replay.imageMax }
  })

  function go(query: Record<string, string | undefined>, newRunId = runId.value): void {
    const kept: Record<string, string> = {}
    for (const [name, value] of Object.entries({ step: route.query['step'], e: route.query['e'], view: route.query['view'], ...query })) if (typeof value === 'string') kept[name] = value
    void router.push({ name: 'replay', params: { runId: newRunId }, query: kept })
  }
  const chooseRun = (id: string) => go({ step: undefined, e: undefined }, id)
  const chooseCheckpoint = (step: number | null) => go({ step: step === null ? undefined : String(step) })
  const chooseEpisode = (index: number) => go({ e: String(index) })

  function stepEpisode(by: 1 | -1): void {
    const at = episodes.value.findIndex((one) => one.index === episode.value)
    const next = episodes.value[at + by]
    if (next !== undefined) chooseEpisode(next.index)
  }

  return { runs: replayable, run, runId, checkpointStep, episodes, episode, choice, normalisation, chooseRun, chooseCheckpoint, chooseEpisode, stepEpisode }
}

export type ReplayPicking = ReturnType<typeof useReplayChoice>
