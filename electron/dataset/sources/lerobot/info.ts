import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { KinoraError } from '../../../contract/errors.ts'
import { isPicture, type Feature } from '../../../contract/dataset.ts'
import { resolveInside } from '../../inside.ts'
import type { ProblemLog } from '../../problems.ts'

const maxInfoBytes = 64 * 2 ** 20
/** Numbers a frame that one feature may have: each gets a name and a curve. */
const maxDimension = 65_536
const knownTypes = /^(?:image|video|string|language|audio|bool|(?:float|int|uint)(?:8|16|32|64)|bfloat16)$/

const featureSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0)).max(8),
  names: z.unknown().optional(),
  info: z.record(z.string(), z.unknown()).nullish(),
  video_info: z.record(z.string(), z.unknown()).nullish(),
})

const infoSchema = z.object({
  codebase_version: z.string(),
  robot_type: z.string().nullish(),
  total_episodes: z.number().int().min(0).default(0),
  total_frames: z.number().int().min(0).default(0),
  total_tasks: z.number().int().min(0).nullish(),
  chunks_size: z.number().int().positive().default(1000),
  fps: z.number().positive(),
  data_path: z.string().max(4096),
  video_path: z.string().max(4096).nullish(),
  features: z.record(z.string().max(500), featureSchema),
})
export type LeRobotInfo = z.infer<typeof infoSchema>

/** @throws KinoraError `dataset-invalid` where nothing can be read without it. */
export async function readInfo(root: string): Promise<LeRobotInfo> {
  const hint = 'Compare it with a dataset written by LeRobot, or copy it again from its source.'
  const value = await readJson(root, 'meta/info.json')
  if (value === null) throw new KinoraError('dataset-invalid', `${root} has no meta/info.json.`, hint)
  const parsed = infoSchema.safeParse(value)
  if (!parsed.success) throw new KinoraError('dataset-invalid', `meta/info.json is not as LeRobot writes it: ${z.prettifyError(parsed.error)}`, hint)
  return parsed.data
}

/** A JSON file of bounded size in the dataset, or null where there is none. @throws KinoraError `dataset-invalid`. */
export async function readJson(root: string, name: string): Promise<unknown> {
  const text = await readText(root, name)
  if (text === null) return null
  try {
    // Python writes NaN and Infinity, which JSON does not know.
    return JSON.parse(text.replace(/(?<=[[:,\s])-?(?:NaN|Infinity)(?=\s*[,\]}])/g, 'null'))
  } catch (error) {
    throw new KinoraError('dataset-invalid', `${name} is no JSON: ${error instanceof Error ? error.message : String(error)}.`, 'The file is cut or was changed: copy it again.', { cause: error })
  }
}

export async function readText(root: string, name: string, maxBytes = maxInfoBytes): Promise<string | null> {
  const path = await resolveInside(root, name)
  if (path === null) return null
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new KinoraError('dataset-invalid', `${name} cannot be read (${error.code ?? error.message}).`, 'Check its permissions.', { cause: error })
  })
  if (bytes.length > maxBytes) throw new KinoraError('dataset-invalid', `${name} has ${bytes.length} bytes, more than ${maxBytes}.`, 'Metadata this large are not read.')
  return bytes.toString('utf8')
}

/** Names of a feature's dimensions: LeRobot's files have them flat, in a list within a list, or by kind ({motors: [...]}). */
export function flattenNames(names: unknown, dimension: number): string[] | null {
  const flat: string[] = []
  const visit = (value: unknown, depth: number): void => {
    if (typeof value === 'string') flat.push(value)
    else if (depth < 4 && Array.isArray(value)) for (const inner of value) visit(inner, depth + 1)
    else if (depth < 4 && typeof value === 'object' && value !== null) for (const inner of Object.values(value)) visit(inner, depth + 1)
  }
  visit(names, 0)
  return flat.length === dimension ? flat : null
}

/** What a policy needs, found among the features by LeRobot's names and by those of common conversions. */
export interface FeatureMap {
  readonly features: Feature[]
  /** Camera name -> feature key. */
  readonly cameras: ReadonlyMap<string, string>
  readonly stateKey: string | null
  readonly actionKey: string | null
  readonly stateNames: readonly string[]
  readonly actionNames: readonly string[]
}

export function mapFeatures(info: LeRobotInfo, problems: ProblemLog): FeatureMap {
  const entries = Object.entries(info.features)
  const file = 'meta/info.json'
  const features: Feature[] = []
  for (const [key, { dtype, shape, names }] of entries) {
    if (!knownTypes.test(dtype)) problems.warning(`The feature ${key} has the unknown type "${dtype.slice(0, 40)}".`, 'It is not read as pictures. Correct its dtype, for instance to "image", "video" or "float32".', { file })
    if (!isPicture({ dtype }) && shape.some((length) => length > maxDimension)) problems.error(`The feature ${key} claims the shape [${shape.join(', ')}], more than ${maxDimension} values a frame.`, 'It is not used. Correct the shape.', { file })
    const dimension = shape.at(-1) ?? 1
    const flat = isPicture({ dtype }) ? null : flattenNames(names, dimension)
    if (!isPicture({ dtype }) && names != null && flat === null) problems.warning(`The feature ${key} has ${dimension} values, but its names do not match.`, 'Values are numbered instead. Correct the names to see them.', { file })
    features.push({ key, dtype, shape, names: flat })
  }
  const cameras = new Map<string, string>()
  for (const [key, { dtype, shape }] of entries) {
    if (!isPicture({ dtype })) continue
    const camera = key.replace(/^observation\.images?\./, '')
    if (shape.length !== 3) problems.error(`The camera ${key} has the shape [${shape.join(', ')}], expected [height, width, 3].`, 'Correct the shape.', { file })
    else cameras.set(camera, key)
  }
  const vector = (keys: readonly string[]): string | null => keys.find((key) => info.features[key] !== undefined && info.features[key].shape.length === 1 && info.features[key].shape[0]! <= maxDimension) ?? null
  const stateKey = vector(['observation.state', 'state', 'observation.joint_positions'])
  const actionKey = vector(['action', 'actions'])
  if (actionKey === null) problems.error(`There is no feature "action" (there are ${entries.map(([key]) => key).join(', ').slice(0, 500)}).`, 'Rename the feature that holds the actions.', { file })
  const namesOf = (key: string | null): string[] => {
    if (key === null) return []
    const dimension = info.features[key]!.shape[0]!
    return flattenNames(info.features[key]!.names, dimension) ?? Array.from({ length: dimension }, (_, index) => `${key.split('.').at(-1)}_${index}`)
  }
  return { features, cameras, stateKey, actionKey, stateNames: namesOf(stateKey), actionNames: namesOf(actionKey) }
}
