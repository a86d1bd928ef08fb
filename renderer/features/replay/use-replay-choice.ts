import { computed, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { DatasetDetail } from '../../../electron/contract/dataset.ts'
import type { ReplayChoice, RolloutOwner } from '../../../electron/contract/replay.ts'
import type { RunDetail } from '../../../electron/contract/run.ts'
import { useDatasets } from '../../stores/datasets.ts'
import { useNotices } from '../../stores/notices.ts'
import { useRuns } from '../../stores/runs.ts'
import { readScene, readSubjects, sourceOf, subjectLimit, writeScene, writeSubjects, type Scene, type Subject } from './replay-address.ts'

/** Which runs at which checkpoints on which frames, as the address names them: the address is the state, so that it can be shared. */
export function useReplayChoice() {
  const route = useRoute()
  const router = useRouter()
  const runs = useRuns()
  const datasets = useDatasets()
  const notices = useNotices()
  const dataset = shallowRef<DatasetDetail | null>(null)
  const details = shallowRef<ReadonlyMap<string, RunDetail>>(new Map())

  /** Runs with something to load; those with a motion head first. */
  const replayable = computed(() => runs.list.filter((run) => run.checkpoints.length > 0).sort((a, b) => Number(a.motionTarget === 'none') - Number(b.motionTarget === 'none')))
  const subjects = computed(() => readSubjects(String(route.params['runId'] ?? ''), route.query))
  const scene = computed(() => readScene(route.query))
  const camera = computed(() => (typeof route.query['camera'] === 'string' && route.query['camera'] !== '' ? route.query['camera'] : null))
  const first = computed(() => (subjects.value[0] === undefined ? undefined : runs.byId.get(subjects.value[0].runId)))
  const datasetId = computed(() => (scene.value.kind === 'episode' ? (scene.value.datasetId ?? first.value?.datasetId ?? null) : null))
  const episodes = computed(() => dataset.value?.episodes ?? [])
  const episode = computed(() => {
    if (scene.value.kind === 'rollout') return null
    // The last episode is held out of training if any is.
    return scene.value.episode ?? episodes.value.at(-1)?.index ?? null
  })

  /** Under which conditions a subject's own rollouts were played: its evaluation of that checkpoint. */
  function ownerOf({ runId, step }: Subject): Extract<RolloutOwner, { kind: 'run' }> | null {
    const evaluations = details.value.get(runId)?.evaluations ?? []
    const found = evaluations.findLast((one) => step === null || one.checkpointStep === step)
    return found === undefined ? null : { kind: 'run', runId, checkpointStep: found.checkpointStep, replanSteps: found.replanSteps }
  }

  const choices = shallowRef<readonly ReplayChoice[]>([])
  watch(
    () => {
      if (subjects.value.length === 0 || (runs.isLoaded && first.value === undefined)) return '[]'
      const wanted = subjects.value.map((subject) => {
        const source = sourceOf(scene.value, episode.value, scene.value.kind === 'rollout' ? ownerOf(subject) : null)
        return source === null ? null : { runId: subject.runId, checkpointStep: subject.step, source, camera: camera.value }
      })
      return JSON.stringify(wanted.includes(null) ? [] : wanted)
    },
    (key) => (choices.value = JSON.parse(key) as ReplayChoice[]),
    { immediate: true },
  )

  watch(
    datasetId,
    async (id) => {
      dataset.value = null
      if (id === null) return
      await notices.attempt(async () => {
        const answer = await datasets.get(id)
        if (datasetId.value === id) dataset.value = answer
      })
    },
    { immediate: true },
  )
  watch(
    () => subjects.value.map(({ runId }) => runId).join(),
    async (ids) => {
      await notices.attempt(async () => {
        const answers = await Promise.all(ids.split(',').filter((id) => id !== '').map((id) => runs.get(id)))
        details.value = new Map(answers.map((detail) => [detail.id, detail]))
      })
    },
    { immediate: true },
  )

  function go(change: { subjects?: readonly Subject[]; scene?: Scene }): void {
    const { runId, ...parts } = writeSubjects(change.subjects ?? subjects.value)
    const query: Record<string, unknown> = { ...route.query, ...parts, ...writeScene(change.scene ?? scene.value) }
    if (change.scene !== undefined) delete query['f']
    void router.push({ name: 'replay', params: { runId }, query: Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string')) })
  }
  const replaceSubject = (at: number, subject: Subject) => go({ subjects: subjects.value.map((one, index) => (index === at ? subject : one)) })
  const addSubject = (runId: string) => go({ subjects: [...subjects.value, { runId, step: null }].slice(0, subjectLimit) })
  const removeSubject = (at: number) => go({ subjects: subjects.value.filter((_, index) => index !== at) })
  const chooseDataset = (id: string) => go({ scene: { kind: 'episode', datasetId: id === first.value?.datasetId ? null : id, episode: null } })
  const chooseEpisode = (index: number) => go({ scene: { kind: 'episode', datasetId: scene.value.kind === 'episode' ? scene.value.datasetId : null, episode: index } })
  const chooseCamera = (name: string) => void router.replace({ query: { ...route.query, camera: name } })
  const chooseRollout = (task: string, seed: number) => go({ scene: { kind: 'rollout', task, seed, of: 'own' } })

  /** The rollouts that every subject has, by task and seed, to step through. */
  const rollouts = computed(() => {
    const [one, ...others] = subjects.value.map((subject) => details.value.get(subject.runId)?.evaluations.findLast((evaluation) => subject.step === null || evaluation.checkpointStep === subject.step)?.rollouts ?? [])
    const keys = others.map((list) => new Set(list.map(({ task, seed }) => `${task}\n${seed}`)))
    return (one ?? []).filter(({ task, seed }) => keys.every((set) => set.has(`${task}\n${seed}`)))
  })

  function step(by: 1 | -1): void {
    const now = scene.value
    if (now.kind === 'rollout') {
      const next = rollouts.value[rollouts.value.findIndex(({ task, seed }) => task === now.task && seed === now.seed) + by]
      if (next !== undefined) chooseRollout(next.task, next.seed)
      return
    }
    const next = episodes.value[episodes.value.findIndex((one) => one.index === episode.value) + by]
    if (next !== undefined) chooseEpisode(next.index)
  }

  return { runs: replayable, subjects, scene, datasetId, episodes, episode, rollouts, choices, replaceSubject, addSubject, removeSubject, chooseDataset, chooseEpisode, chooseRollout, chooseCamera, step }
}

export type ReplayPicking = ReturnType<typeof useReplayChoice>
