import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { float32, int32 } from '../../base/host-tensor.ts'
import type { RgbImage } from '../../base/image.ts'
import { Rng } from '../../base/rng.ts'
import { KinoraError } from '../../contract/errors.ts'
import { openCheckpoint } from '../../checkpoint/restore.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import type { Parity } from '../../contract/run.ts'
import { parity } from '../../evaluate/parity.ts'
import { actionSpecs, requireActionHead } from '../../model/dual-head.ts'
import { normStatisticsJson } from '../../model/normalisation.ts'
import { under } from '../../model/parameters.ts'
import { loadPolicy, type Policy, type PolicyObservation } from '../../model/policy.ts'
import { graphNames, policyGraph, type PictureSize } from '../../model/policy-graph.ts'
import { tokenizerJson } from '../../model/tokenizer-json.ts'
import { Tokenizer } from '../../model/tokenizer.ts'
import { createFolderAtomic, writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import { kinoraVersion } from '../../platform/version.ts'
import { warningsTo } from '../../tensor/backends/log.ts'
import { exportModel, type ExportInput } from '../../tensor/backends/onnx/export.ts'
import { openModel, type ModelInput, type OpenedModel } from '../../tensor/backends/onnx/open-model.ts'
import { openProvider } from '../../tensor/registry.ts'
import { findDataset, openPlace } from '../dataset-places.ts'
import { openRun } from '../runs/run-folder.ts'

export interface ExportRequest {
  readonly home: Home
  readonly runPath: string
  readonly step?: number
  /** A folder that does not exist yet. */
  readonly out: string
  /** Observations that the parity report compares, of each kind. */
  readonly samples: number
  readonly signal?: AbortSignal
  readonly onWarning?: (message: string) => void
}

/** `parity.json`: the exported file in plain onnxruntime against the policy as the workbench runs it. */
export interface ParityReport {
  readonly kinora: string
  readonly run: string
  readonly checkpointStep: number
  readonly provider: string
  /** Random pictures, states within the data's range, and instructions of random letters. */
  readonly random: Parity
  /** Frames spread over the run's dataset; null, with the reason, where it cannot be read. */
  readonly dataset: Parity | null
  readonly datasetNote: string | null
}

export const exportFiles = { model: 'policy.onnx', tokenizer: 'tokenizer.json', pieces: 'byte-pairs.json', statistics: 'norm_stats.json', config: 'config.json', interface: 'policy.json', parity: 'parity.json' } as const

/**
 * Writes a policy as a folder that runs without Kinora: the ONNX file from raw observations to actions, the tokenizer,
 * the statistics, a description of the inputs, and how closely the file repeats the original.
 * @throws KinoraError `usage` when the folder exists, and what opening run and checkpoint throws
 */
export async function exportPolicy({ home, runPath, step, out, samples, signal, onWarning }: ExportRequest): Promise<ParityReport> {
  if (await stat(out).then(() => true, () => false)) throw new KinoraError('usage', `${out} exists already.`, 'Choose another folder with --out, or move that one away.')
  const { config, identity } = await openRun(runPath)
  requireActionHead(config)
  const checkpoint = await openCheckpoint(runPath, step ?? 'latest', { groups: ['ema'] })
  const { provider } = await openProvider(config.device, { threads: config.threads, cacheDir: home.cache, signal, log: warningsTo(onWarning) })
  try {
    const policy = await loadPolicy({ provider, checkpoint, config })
    const opened = await datasetOf(home, config.data.dataset, signal)
    try {
      const sizes = await pictureSizes(policy, opened.dataset)
      const { inputs, bytes } = await graphOf(policy, under(await checkpoint.read('ema'), 'ema/'), sizes, identity.id, checkpoint.step)
      let report: ParityReport | undefined
      await createFolderAtomic(out, async (folder) => {
        const file = join(folder, exportFiles.model)
        await writeFileAtomic(file, bytes)
        const pieces = new Tokenizer(policy.meta.tokenizer)
        const portable = tokenizerJson(policy.meta.tokenizer, config.backbone.maxTextTokens)
        if (portable) await writeFileAtomic(join(folder, exportFiles.tokenizer), json(portable))
        await writeFileAtomic(join(folder, exportFiles.pieces), json({ ...policy.meta.tokenizer, maxTokens: config.backbone.maxTextTokens }))
        await writeFileAtomic(join(folder, exportFiles.statistics), normStatisticsJson(policy.meta.statistics))
        await writeFileAtomic(join(folder, exportFiles.config), json(config))
        await writeFileAtomic(join(folder, exportFiles.interface), json(describe(policy, inputs)))
        await using model = await openModel(file)
        const compare = (observations: readonly PolicyObservation[]): Promise<Parity> => compareWith(policy, model, pieces, observations, signal)
        report = {
          kinora: kinoraVersion(),
          run: identity.id,
          checkpointStep: checkpoint.step,
          provider: `${provider.name} (${provider.version})`,
          random: await compare(randomObservations(policy, sizes, samples)),
          dataset: opened.dataset === null ? null : await compare(await recordedObservations(policy, opened.dataset, samples)),
          datasetNote: opened.note,
        }
        await writeFileAtomic(join(folder, exportFiles.parity), json(report))
      })
      return report!
    } finally {
      opened.dataset?.dispose()
      policy.dispose()
    }
  } catch (error) {
    await rm(`${out}.partial`, { recursive: true, force: true })
    throw error
  } finally {
    provider.dispose()
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

async function datasetOf(home: Home, idOrPath: string, signal?: AbortSignal): Promise<{ dataset: Dataset | null; note: string | null }> {
  try {
    return { dataset: await openPlace(home, await findDataset(home, idOrPath), signal), note: null }
  } catch (error) {
    return { dataset: null, note: KinoraError.from(error).message }
  }
}

/** The size of each camera's pictures in the dataset, else the model's own. */
async function pictureSizes({ config }: Policy, dataset: Dataset | null): Promise<Record<string, PictureSize>> {
  const side = config.data.imageSizePx
  const first = dataset?.detail.episodes[0]
  const size = async (camera: string): Promise<PictureSize> => {
    if (!dataset || !first || !dataset.detail.cameras.includes(camera)) return { width: side, height: side }
    const { width, height } = await dataset.readFrame(first.index, camera, 0)
    return { width, height }
  }
  return Object.fromEntries(await Promise.all(config.data.cameras.map(async (camera) => [camera, await size(camera)] as const)))
}

async function graphOf(policy: Policy, averages: Parameters<typeof exportModel>[0]['weights'], sizes: Record<string, PictureSize>, run: string, step: number): Promise<{ inputs: Record<string, ExportInput>; bytes: Uint8Array }> {
  const { config, meta } = policy
  const noise = [1, config.action.chunk, meta.dimensions.action]
  const inputs: Record<string, ExportInput> = {
    ...Object.fromEntries(Object.entries(sizes).map(([camera, { width, height }]) => [graphNames.image(camera), { dtype: 'int32' as const, shape: [1, height, width, 3], isBytes: true }])),
    [graphNames.state]: { dtype: 'float32', shape: [1, meta.dimensions.state] },
    [graphNames.instruction]: { dtype: 'int32', shape: [1, config.backbone.maxTextTokens] },
    // Flow begins at the mean of the noise, as the workbench's own rollouts do; who wants draws feeds them.
    [graphNames.noise]: { dtype: 'float32', shape: noise, fallback: float32(new Float32Array(noise[1]! * noise[2]!), noise) },
  }
  const weights = Object.fromEntries(actionSpecs(config, meta.dimensions).map(({ name }) => [name, averages[name]!]))
  const bytes = exportModel({ name: 'policy', step: policyGraph(config, meta, sizes), weights, inputs, metadata: { kinora: kinoraVersion(), run, checkpointStep: String(step) } })
  return { inputs, bytes }
}

/** `policy.json`: what to feed, in which form, and what comes out. */
function describe({ config, meta }: Policy, inputs: Record<string, ExportInput>): Record<string, unknown> {
  const entries = Object.entries(inputs).map(([name, { dtype, shape, isBytes, fallback }]) => [name, { dtype: isBytes ? 'uint8' : dtype, shape, ...(fallback ? { optional: true } : {}) }])
  return {
    inputs: Object.fromEntries(entries),
    outputs: { [graphNames.action]: { dtype: 'float32', shape: [1, config.action.chunk, meta.dimensions.action] } },
    stateNames: meta.stateNames,
    actionNames: meta.actionNames,
    eulerSteps: config.action.eulerSteps,
    replanSteps: config.action.replanSteps,
    notes: [
      'Pictures are RGB, rows from the top, as the dataset has them; resizing and scaling are inside.',
      'State and actions are in the robot\'s units; normalisation is inside.',
      'The instruction is the token ids of tokenizer.json, begin token first, padded with 0.',
    ],
  }
}

async function compareWith(policy: Policy, model: OpenedModel, tokenizer: Tokenizer, observations: readonly PolicyObservation[], signal?: AbortSignal): Promise<Parity> {
  const expected: Float32Array[] = []
  const found: Float32Array[] = []
  for (const observation of observations) {
    signal?.throwIfAborted()
    expected.push(...(await policy.infer([observation])))
    const { ids } = tokenizer.encode(observation.instruction, policy.config.backbone.maxTextTokens)
    const feeds: Record<string, ModelInput> = {
      [graphNames.state]: float32(Float32Array.from(observation.state), [1, observation.state.length]),
      [graphNames.instruction]: int32(ids, [1, ids.length]),
    }
    for (const camera of policy.config.data.cameras) {
      const { width, height, data } = observation.images[camera]!
      feeds[graphNames.image(camera)] = { dtype: 'uint8', shape: [1, height, width, 3], data }
    }
    found.push((await model.run(feeds))[graphNames.action]!)
  }
  return parity(expected, found)
}

function randomObservations({ meta }: Policy, sizes: Record<string, PictureSize>, count: number): PolicyObservation[] {
  const rng = new Rng(0x9a71, 0)
  const { q01, q99 } = meta.statistics.norm_stats.state
  const letters = 'abcdefghijklmnopqrstuvwxyz '
  const noisePicture = ({ width, height }: PictureSize): RgbImage => ({ width, height, data: Uint8Array.from({ length: width * height * 3 }, () => rng.integer(256)) })
  return Array.from({ length: count }, () => ({
    images: Object.fromEntries(Object.entries(sizes).map(([camera, size]) => [camera, noisePicture(size)])),
    state: q01.map((low, dimension) => low + (q99[dimension]! - low) * rng.uniform()),
    instruction: Array.from({ length: 24 }, () => letters[rng.integer(letters.length)]!).join(''),
  }))
}

/** Frames at even distances over all episodes. */
async function recordedObservations({ config }: Policy, dataset: Dataset, count: number): Promise<PolicyObservation[]> {
  const { episodes } = dataset.detail
  const observations: PolicyObservation[] = []
  for (let index = 0; index < count; index++) {
    const { index: episode, frameCount, instruction } = episodes[Math.floor((index * episodes.length) / count)]!
    const frame = Math.floor((frameCount - 1) * ((index + 0.5) / count))
    const { state } = await dataset.readEpisode(episode)
    const dimension = state.length / frameCount
    const images = await Promise.all(config.data.cameras.map(async (camera) => [camera, await dataset.readFrame(episode, camera, frame)] as const))
    observations.push({ images: Object.fromEntries(images), state: state.slice(frame * dimension, (frame + 1) * dimension), instruction })
  }
  return observations
}
