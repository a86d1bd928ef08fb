import { configIssues } from '../../../electron/contract/config-issues.ts'
import { trainConfigSchema, type TrainConfig } from '../../../electron/contract/config.ts'
import type { DatasetSummary } from '../../../electron/contract/dataset.ts'
import type { Preset } from '../../../electron/contract/run.ts'
import { text } from '../../text/en.ts'

/** A configuration as it is written, before defaults are filled in: plain JSON. */
export type RawConfig = Record<string, unknown>

const isRecord = (value: unknown): value is RawConfig => value !== null && typeof value === 'object' && !Array.isArray(value)

/** `over` laid over `under`: objects are merged, everything else replaced. Neither is changed. */
export function mergeConfig(under: RawConfig, over: RawConfig): RawConfig {
  const merged: RawConfig = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    merged[key] = isRecord(below) && isRecord(value) ? mergeConfig(below, value) : value
  }
  return merged
}

/** The value at a dotted path, or undefined. */
export function configAt(config: RawConfig, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), config)
}

/** A copy with the value at a dotted path replaced. */
export function withConfigAt(config: RawConfig, path: string, value: unknown): RawConfig {
  return mergeConfig(config, path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as RawConfig)
}

/** The whole configuration, or every issue in a sentence that names its field. */
export function checkConfig(config: RawConfig): { readonly config: TrainConfig | null; readonly issues: readonly string[]; readonly paths: ReadonlySet<string> } {
  const parsed = trainConfigSchema.safeParse(config)
  if (parsed.success) return { config: parsed.data, issues: [], paths: new Set() }
  return { config: null, issues: configIssues(parsed.error, config), paths: new Set(parsed.error.issues.map((issue) => issue.path.join('.'))) }
}

/** JSON of the text area, or what is wrong with it. */
export function readConfigText(source: string): { readonly config: RawConfig | null; readonly problem: string | null } {
  try {
    const value: unknown = JSON.parse(source)
    return isRecord(value) ? { config: value, problem: null } : { config: null, problem: text.newRun.notObject }
  } catch (error) {
    return { config: null, problem: text.newRun.notJson(error instanceof Error ? error.message : String(error)) }
  }
}

const usual = trainConfigSchema.parse({ data: { dataset: 'any' } })

/** Names the dataset, with cameras that it has in place of ones that it lacks. */
export function fitToDataset(config: RawConfig, dataset: DatasetSummary): RawConfig {
  const next = withConfigAt(config, 'data.dataset', dataset.id)
  if (dataset.cameras.length === 0) return next
  const wanted = (configAt(config, 'data.cameras') as readonly string[] | undefined) ?? usual.data.cameras
  const present = wanted.filter((camera) => dataset.cameras.includes(camera))
  const cameras = present.length > 0 ? present : [...dataset.cameras]
  const withCameras = cameras.join('\n') === wanted.join('\n') ? next : withConfigAt(next, 'data.cameras', cameras)
  return cameras.includes(String(configAt(config, 'motion.camera') ?? usual.motion.camera)) ? withCameras : withConfigAt(withCameras, 'motion.camera', cameras[0])
}

/** A name that tells the run from its neighbours: preset, heads, seed. */
export function suggestName(config: RawConfig, taken: readonly string[]): string {
  const isJoint = configAt(config, 'motion.target') !== 'none'
  const base = `${String(configAt(config, 'preset') ?? 'run')}-${isJoint ? 'joint' : 'action'}-s${String(configAt(config, 'seed') ?? 0)}`
  if (!taken.includes(base)) return base
  let count = 2
  while (taken.includes(`${base}-${count}`)) count++
  return `${base}-${count}`
}

/** Parameters that will be trained or kept, by part. */
export function countedParameters(preset: Preset, hasMotion: boolean): { readonly part: string; readonly count: number }[] {
  const { backbone, action, motion, vae } = preset.parameterCounts
  return [
    { part: text.newRun.parts.backbone, count: backbone },
    { part: text.newRun.parts.action, count: action },
    ...(hasMotion ? [{ part: text.newRun.parts.motion, count: motion }, { part: text.newRun.parts.vae, count: vae }] : []),
  ]
}
