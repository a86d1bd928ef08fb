import { computed, ref, shallowRef, watch } from 'vue'
import { fitToDataset } from '../../../electron/contract/fit-dataset.ts'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import type { DatasetDetail } from '../../../electron/contract/dataset.ts'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import { configAt, mergeConfig, withConfigAt, type RawConfig } from '../../../electron/contract/raw-config.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useDatasets } from '../../stores/datasets.ts'
import { useRuns } from '../../stores/runs.ts'
import { flattenConfig } from '../runs/flatten.ts'
import { checkConfig, readConfigText, suggestName } from './config-form.ts'
import { readSpecs } from './field-specs.ts'

const defaults = trainConfigSchema.parse({ data: { dataset: 'any' } }) as unknown as RawConfig
export const groups = readSpecs()

/** Every field with its default in it, valid or not: what the form shows and what differences are counted in. */
export const completed = (config: RawConfig): RawConfig => mergeConfig(defaults, config)

/**
 * The configuration of a new run. One plain object is the truth; the fields, the JSON and the diagram are views of it,
 * so that none can contradict the other.
 */
export function useConfigure() {
  const runs = useRuns()
  const datasets = useDatasets()
  const name = ref('')
  const config = shallowRef<RawConfig>({})
  const source = ref('')
  const sourceProblem = ref<string | null>(null)
  const failure = shallowRef<KinoraError | null>(null)
  const isSending = ref(false)
  /** Start though memory or disk look too short. */
  const startsAnyway = ref(false)
  const dataset = shallowRef<DatasetDetail | null>(null)

  function set(next: RawConfig): void {
    config.value = next
    source.value = JSON.stringify(next, null, 2)
    sourceProblem.value = null
  }

  /** Starts over from a preset; the dataset and its mapping, the seed and the device stay. */
  function choosePreset(presetName: string): void {
    const preset = runs.presets.find((one) => one.name === presetName)
    if (preset === undefined) return
    let next = mergeConfig(preset.config, { preset: preset.name })
    for (const path of ['seed', 'device', 'threads', 'data.dataset', 'data.cameras', 'data.state', 'data.action', 'data.instruction', 'motion.cameras']) {
      const kept = configAt(config.value, path)
      if (kept !== undefined) next = withConfigAt(next, path, kept)
    }
    const first = datasets.list[0]
    set(datasetId.value === '' && first !== undefined ? fitToDataset(next, first) : next)
  }

  function chooseDataset(id: string): void {
    const chosen = datasets.byId.get(id)
    if (chosen !== undefined) set(fitToDataset(config.value, chosen))
  }

  function editSource(value: string): void {
    source.value = value
    const read = readConfigText(value)
    sourceProblem.value = read.problem
    if (read.config !== null) config.value = read.config
  }

  const complete = computed(() => completed(config.value))
  const check = computed(() => checkConfig(config.value))
  const issuesAt = computed(() => {
    const byPath = new Map<string, string[]>()
    for (const { path, message } of check.value.issues) byPath.set(path, [...(byPath.get(path) ?? []), message])
    return byPath
  })
  const datasetId = computed(() => String(configAt(config.value, 'data.dataset') ?? ''))
  const preset = computed(() => runs.presets.find((one) => one.name === configAt(config.value, 'preset')) ?? null)
  /** A preset names no dataset: that of the form stands for it, and is no difference. */
  const presetConfig = computed(() => completed(mergeConfig(preset.value?.config ?? {}, { preset: configAt(complete.value, 'preset'), data: { dataset: configAt(complete.value, 'data.dataset') } })))
  const suggestedName = computed(() => suggestName(complete.value, runs.list.map((run) => run.name)))
  const hasMotion = computed(() => configAt(complete.value, 'motion.target') !== 'none')
  const canSend = computed(() => check.value.config !== null && sourceProblem.value === null && !isSending.value)

  const setField = (path: string, value: unknown): void => set(withConfigAt(config.value, path, value))
  /** Back to what the preset says; a field that the preset leaves alone goes back to its default. */
  const resetField = (path: string): void => set(withConfigAt(config.value, path, configAt(preset.value?.config ?? {}, path)))

  /** Starts from a whole configuration, such as that of another run; the folder of its dataset counts as the dataset. */
  function takeOver(from: RawConfig): void {
    set(from)
  }

  async function send(): Promise<string | null> {
    if (!canSend.value) return null
    isSending.value = true
    failure.value = null
    try {
      return (await runs.create(name.value.trim() || suggestedName.value, config.value, startsAnyway.value)).id
    } catch (error) {
      failure.value = failureOf(error)
      return null
    } finally {
      isSending.value = false
    }
  }

  let ticket = 0
  watch(
    [datasetId, () => datasets.revision],
    async ([id]) => {
      const own = ++ticket
      if (!datasets.byId.has(id)) {
        dataset.value = null
        return
      }
      const detail = await datasets.get(id).catch(() => null)
      if (own === ticket) dataset.value = detail
    },
    { immediate: true },
  )
  // Features of another dataset would be refused: they fall back to the new one's own choice.
  watch(dataset, (detail) => {
    if (detail !== null && configAt(config.value, 'data.dataset') === detail.id && sourceProblem.value === null) {
      const next = fitToDataset(config.value, detail, detail.features)
      if (flattenConfig(next).length !== flattenConfig(config.value).length) set(next)
    }
  })

  return { name, suggestedName, config, complete, source, sourceProblem, check, issuesAt, failure, isSending, startsAnyway, canSend, dataset, datasetId, preset, presetConfig, hasMotion, choosePreset, chooseDataset, editSource, setField, resetField, takeOver, send }
}
export type Configure = ReturnType<typeof useConfigure>
