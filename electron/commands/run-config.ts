import { Option, type Command } from 'commander'
import { datasetFormats, type DatasetFormat } from '../contract/dataset.ts'
import type { Device, TrainConfig } from '../contract/config.ts'
import { fitMotionCameras, fitToDataset } from '../contract/fit-dataset.ts'
import { configAt, mergeConfig, type RawConfig } from '../contract/raw-config.ts'
import type { EstimateData } from '../engine/estimate/estimate.ts'
import { repeated, type CommonOptions, type Context } from './context.ts'
import { applyAssignment, readSettings } from './settings.ts'

/** How the command line tells a configuration. */
export interface ConfigOptions extends CommonOptions {
  readonly config?: string
  readonly preset?: string
  readonly dataset?: string
  readonly as?: DatasetFormat
  readonly cameras?: readonly string[]
  readonly state?: readonly string[]
  readonly action?: readonly string[]
  readonly instruction?: string
  readonly set?: readonly string[]
  readonly device?: Device
}

export function withConfigOptions(command: Command): Command {
  return command
    .option('--config <file>', 'JSON file with the configuration')
    .option('--preset <name>', 'start from a preset (pico, nano, tiny, small, base, large, paligemma-2b; default: nano)')
    .option('--dataset <name or folder>', 'what to train on')
    .addOption(new Option('--as <format>', 'what the dataset is from now on, where the guess is wrong').choices([...datasetFormats]))
    .option('--cameras <names>', 'what the policy looks through, with commas between; a guess where it is left out', words)
    .option('--state <features>', "features of the dataset joined into the state, with commas between (default: the dataset's own choice)", words)
    .option('--action <features>', "features of the dataset joined into the action, with commas between (default: the dataset's own choice)", words)
    .option('--instruction <sentence>', "one sentence in place of every episode's instruction")
    .option('--set <key=value>', 'change one field, with dots between nested keys; may be repeated', repeated)
}

/**
 * The whole configuration, with cameras guessed where none are named. Refuses before a run folder exists; an absolute
 * path stays true when the run is resumed from elsewhere.
 * @param format what the dataset is, where its content suggests something else; remembered with it
 */
export async function fitted(context: Context, settings: RawConfig, source: string, format?: DatasetFormat): Promise<{ config: TrainConfig; dataset: string; data: EstimateData }> {
  const { parseTrainConfig } = await import('../engine/runs/train-config.ts')
  const { addDatasetPlace, findDataset, openPlace } = await import('../engine/dataset-places.ts')
  const { dataOf } = await import('../engine/estimate/estimate.ts')
  const wanted = String(dataSettings(settings).dataset)
  const found = await findDataset(context.home, wanted).catch((error: unknown) => {
    // Wrong fields are told before a dataset that is not there.
    parseTrainConfig(settings, source)
    throw error
  })
  // Written down, as whoever opens the run's dataset later must know it too.
  const place = format === undefined ? found : await addDatasetPlace(context.home, found.path, format)
  const dataset = place.id === wanted ? place.id : place.path
  const opened = await openPlace(context.home, place, context.signal)
  try {
    const { cameras } = opened.detail
    const isGuess = configAt(settings, 'data.cameras') === undefined
    const config = parseTrainConfig(isGuess ? fitToDataset(settings, { id: dataset, cameras }) : fitMotionCameras(settings), source)
    if (isGuess && cameras.length > config.data.cameras.length) context.note(`Looking through ${config.data.cameras.join(', ')} of ${cameras.join(', ')}; --cameras chooses others.`)
    return { config, dataset, data: dataOf(opened, config) }
  } finally {
    opened.dispose()
  }
}

export async function gatherSettings(options: ConfigOptions): Promise<Record<string, unknown>> {
  const { findPreset } = await import('../model/presets.ts')
  let settings: Record<string, unknown> = {}
  const fromFile = options.config === undefined ? {} : await readSettings(options.config)
  const presetName = options.preset ?? fromFile.preset
  if (presetName !== undefined) {
    const preset = findPreset(String(presetName))
    settings = mergeConfig(settings, preset.config as Record<string, unknown>)
  }
  settings = mergeConfig(settings, fromFile)
  if (options.preset !== undefined) settings = mergeConfig(settings, { preset: options.preset })
  if (options.dataset !== undefined) settings = mergeConfig(settings, { data: { dataset: options.dataset } })
  for (const key of ['cameras', 'state', 'action', 'instruction'] as const) {
    if (options[key] !== undefined) settings = mergeConfig(settings, { data: { [key]: options[key] } })
  }
  if (options.device !== undefined) settings = mergeConfig(settings, { device: options.device })
  return (options.set ?? []).reduce(applyAssignment, settings)
}

const words = (text: string): string[] => text.split(',').map((word) => word.trim()).filter((word) => word !== '')

export function dataSettings(settings: Record<string, unknown>): Record<string, unknown> {
  return typeof settings.data === 'object' && settings.data !== null ? (settings.data as Record<string, unknown>) : {}
}

export function sourceOf(options: ConfigOptions): string {
  return options.config === undefined ? 'The configuration' : options.config
}
