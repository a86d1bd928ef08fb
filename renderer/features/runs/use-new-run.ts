import { computed, ref, shallowRef, watch } from 'vue'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useDatasets } from '../../stores/datasets.ts'
import { useRuns } from '../../stores/runs.ts'
import { checkConfig, configAt, countedParameters, fitToDataset, mergeConfig, readConfigText, suggestName, withConfigAt, type RawConfig } from './config-form.ts'

/**
 * The form of a new run. One configuration is the truth; the fields and the JSON are two views of it, so that neither
 * can contradict the other.
 */
export function useNewRun(template?: RawConfig) {
  const runs = useRuns()
  const datasets = useDatasets()
  const name = ref('')
  const config = shallowRef<RawConfig>(template ?? {})
  const source = ref('')
  const sourceProblem = ref<string | null>(null)
  const failure = shallowRef<KinoraError | null>(null)
  const isSending = ref(false)

  function set(next: RawConfig): void {
    config.value = next
    source.value = JSON.stringify(next, null, 2)
    sourceProblem.value = null
  }

  function choosePreset(presetName: string): void {
    const preset = runs.presets.find((one) => one.name === presetName)
    if (preset === undefined) return
    const kept: RawConfig = { preset: preset.name, seed: configAt(config.value, 'seed') ?? 0 }
    const dataset = datasets.byId.get(String(configAt(config.value, 'data.dataset') ?? '')) ?? datasets.list[0]
    const next = mergeConfig(preset.config, kept)
    set(dataset === undefined ? next : fitToDataset(next, dataset))
  }

  function chooseDataset(id: string): void {
    const dataset = datasets.byId.get(id)
    if (dataset !== undefined) set(fitToDataset(config.value, dataset))
  }

  function editSource(value: string): void {
    source.value = value
    const read = readConfigText(value)
    sourceProblem.value = read.problem
    if (read.config !== null) config.value = read.config
  }

  const field = <T>(path: string, fallback: T) =>
    computed<T>({ get: () => (configAt(config.value, path) as T | undefined) ?? fallback, set: (value) => set(withConfigAt(config.value, path, value)) })

  const seed = field('seed', 0)
  const hasMotion = computed({
    get: () => (configAt(config.value, 'motion.target') ?? 'motion-image') !== 'none',
    set: (isOn: boolean) => set(withConfigAt(config.value, 'motion.target', isOn ? 'motion-image' : 'none')),
  })
  const check = computed(() => checkConfig(config.value))
  const steps = computed({ get: () => check.value.config?.steps ?? (configAt(config.value, 'steps') as number | undefined) ?? 2000, set: (value: number) => set(withConfigAt(config.value, 'steps', value)) })
  const preset = computed(() => runs.presets.find((one) => one.name === configAt(config.value, 'preset')) ?? null)
  const datasetId = computed(() => String(configAt(config.value, 'data.dataset') ?? ''))
  const suggestedName = computed(() => suggestName(config.value, runs.list.map((run) => run.name)))
  const parameters = computed(() => (preset.value === null ? [] : countedParameters(preset.value, hasMotion.value)))
  const canSend = computed(() => check.value.config !== null && sourceProblem.value === null && !isSending.value)

  // Presets and datasets may come after the dialog opened.
  watch(
    [() => runs.presets, () => datasets.list],
    () => {
      if (template !== undefined) {
        if (source.value === '') set(template)
      } else if (configAt(config.value, 'preset') === undefined && runs.presets[0] !== undefined) choosePreset(runs.presets[0].name)
      else if (datasetId.value === '' && datasets.list[0] !== undefined) chooseDataset(datasets.list[0].id)
    },
    { immediate: true },
  )

  async function send(): Promise<string | null> {
    if (!canSend.value) return null
    isSending.value = true
    failure.value = null
    try {
      return (await runs.create(name.value.trim() || suggestedName.value, config.value)).id
    } catch (error) {
      failure.value = failureOf(error)
      return null
    } finally {
      isSending.value = false
    }
  }

  return { name, suggestedName, seed, steps, hasMotion, preset, datasetId, source, sourceProblem, check, parameters, failure, isSending, canSend, choosePreset, chooseDataset, editSource, send }
}
