import { nearest } from '../../base/nearest.ts'
import { isInteger, isPicture, isText, isVector, vectorNames, type Feature } from '../../contract/dataset.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Problem } from '../../contract/problem.ts'
import type { Dataset } from '../dataset.ts'
import { executedActionKey, imageKey, indexKeys } from '../writer/features.ts'

/** One vector of every frame, under the key that it is written with. */
export interface PlannedVector {
  readonly key: string
  readonly names: readonly string[]
  /** Whole numbers and flags stay what they are. */
  readonly dtype: 'float32' | 'int64' | 'bool'
  /** Row-major. */
  read(dataset: Dataset, episode: number): Promise<Float32Array | BigInt64Array>
}

/** One text of every frame. */
export interface PlannedText {
  readonly key: string
  read(dataset: Dataset, episode: number): Promise<readonly string[]>
}

/** What is written of a dataset. */
export interface ExportPlan {
  readonly fps: number
  readonly vectors: readonly PlannedVector[]
  readonly texts: readonly PlannedText[]
  /** Camera of the source and the key that it is written with. */
  readonly cameras: readonly { readonly camera: string; readonly key: string }[]
  /** Features of the source that have no place in what is written. */
  readonly leftOut: readonly string[]
}

/** How the sources of a policy's state and action are called in the formats that Kinora reads: written once, under LeRobot's names. */
const stateKeys = ['observation.state', 'state', 'observation.joint_positions', 'steps/observation/state', 'steps/observation/proprio', 'steps/observation/eef_state', 'steps/observation/joint_state']
const actionKeys = ['action', 'actions', 'steps/action']
/** Text that is written as the task of the episode. */
const instructionKeys = ['steps/language_instruction', 'language_instruction']

function readerOf(dataset: Dataset, feature: Feature): Pick<PlannedVector, 'dtype' | 'read'> {
  const { key } = feature
  if (isInteger(feature) && dataset.readIntegers !== undefined) return { dtype: 'int64', read: (source, episode) => source.readIntegers!(episode, key) }
  return { dtype: feature.dtype.startsWith('bool') ? 'bool' : 'float32', read: (source, episode) => source.readVector(episode, key) }
}

/** What becomes of features and cameras, under the names that they have before. */
export interface FeatureChanges {
  /** Name -> new name. */
  readonly rename?: Readonly<Record<string, string>>
  /** Those that are not written. */
  readonly without?: readonly string[]
}

/**
 * Plans for sources that are written alike. A change need only concern one of them: that is how datasets are made to
 * match. @throws KinoraError `config-invalid` for a name that none has, that every dataset needs, or that is taken.
 */
export function planExports(datasets: readonly Dataset[], changes: FeatureChanges = {}): ExportPlan[] {
  const plans = datasets.map(planAsIs)
  checkNames(plans, changes)
  return plans.map((plan) => changed(plan, changes))
}

/** Everything that a source has a place for, under LeRobot's names. */
function planAsIs(dataset: Dataset): ExportPlan {
  const { detail, stateNames, actionNames } = dataset
  const keys = new Set(detail.features.map(({ key }) => key))
  const isOwn = (candidates: readonly string[], key: string): boolean => candidates.find((candidate) => keys.has(candidate)) === key
  const vectors: PlannedVector[] = []
  const texts: PlannedText[] = []
  const leftOut: string[] = []
  if (stateNames.length > 0) vectors.push({ key: 'observation.state', names: stateNames, dtype: 'float32', read: async (source, episode) => (await source.readEpisode(episode)).state })
  if (actionNames.length > 0) vectors.push({ key: 'action', names: actionNames, dtype: 'float32', read: async (source, episode) => (await source.readEpisode(episode)).action })
  for (const feature of detail.features) {
    const { key } = feature
    if ((indexKeys as readonly string[]).includes(key) || isOwn(stateKeys, key) || isOwn(actionKeys, key)) continue
    if (isPicture(feature) || instructionKeys.includes(key)) continue
    // RLDS also has vectors of the episode as a whole.
    const isOfFrame = detail.format !== 'rlds' || key.startsWith('steps/')
    if (isVector(feature) && isOfFrame) vectors.push({ key: safeKey(key), names: vectorNames(feature), ...readerOf(dataset, feature) })
    else if (isText(feature) && dataset.readText !== undefined) texts.push({ key: safeKey(key), read: (source, episode) => source.readText!(episode, key) })
    else leftOut.push(key)
  }
  const cameras = detail.cameras.map((camera) => ({ camera, key: imageKey(safeKey(camera)) }))
  return { fps: detail.fps, vectors, texts, cameras, leftOut }
}

const writtenKeys = ({ vectors, texts, cameras }: ExportPlan): string[] => [...vectors, ...texts, ...cameras].map(({ key }) => key)

const namesOf = ({ vectors, texts, cameras }: ExportPlan): string[] => [...vectors.map(({ key }) => key), ...texts.map(({ key }) => key), ...cameras.flatMap(({ camera, key }) => [camera, key])]

function checkNames(plans: readonly ExportPlan[], { rename = {}, without = [] }: FeatureChanges): void {
  const known = [...new Set(plans.flatMap(namesOf))]
  const omitted = new Set(plans.flatMap(({ leftOut }) => leftOut))
  const refuse = (name: string, doing: string): never => {
    if ([...indexKeys, ...instructionKeys].includes(name)) throw new KinoraError('config-invalid', `"${name}" cannot be ${doing}: every LeRobot dataset has it, as the place of a frame or the task of an episode.`, 'Leave it out of the command.')
    const guess = nearest(name, known)
    throw new KinoraError('config-invalid', `There is no feature "${name}" to be ${doing}.`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}There are: ${known.join(', ')}.`)
  }
  for (const name of Object.keys(rename)) if (!known.includes(name)) refuse(name, 'renamed')
  for (const name of without) if (!known.includes(name) && !omitted.has(name)) refuse(name, 'left out')
  const both = without.find((name) => name in rename)
  if (both !== undefined) throw new KinoraError('config-invalid', `"${both}" is to be renamed and left out.`, 'Choose one of both.')
}

function changed({ fps, vectors, texts, cameras, leftOut }: ExportPlan, { rename = {}, without = [] }: FeatureChanges): ExportPlan {
  const stays = ({ key, camera = key }: { readonly key: string; readonly camera?: string }): boolean => !without.includes(key) && !without.includes(camera)
  const plan: ExportPlan = {
    fps,
    leftOut: leftOut.filter((key) => !without.includes(key)),
    vectors: vectors.filter(stays).map((vector) => ({ ...vector, key: rename[vector.key] ?? vector.key })),
    texts: texts.filter(stays).map((text) => ({ ...text, key: rename[text.key] ?? text.key })),
    cameras: cameras.filter(stays).map(({ camera, key }) => ({ camera, key: renamedCamera(rename[key] ?? rename[camera], key) })),
  }
  const keys = writtenKeys(plan)
  if (keys.length === 0) throw new KinoraError('config-invalid', 'No feature would be left to write.', 'Leave fewer of them out.')
  const taken = [...keys, ...indexKeys]
  const twice = taken.find((key, index) => taken.indexOf(key) !== index)
  if (twice !== undefined) throw new KinoraError('config-invalid', `Two features would be called "${twice}".`, 'Choose another name.')
  for (const key of taken) if (!/^[\w][\w.-]*$/.test(key)) throw new KinoraError('config-invalid', `"${key}" is no name for a feature.`, 'Use letters, digits, "_", "-" and ".".')
  return plan
}

/** Tells what a plan does not write; null if that is nothing. */
export function leftOutProblem({ leftOut }: ExportPlan, source: string): Problem | null {
  if (leftOut.length === 0) return null
  return { severity: 'warning', what: `${source}: ${leftOut.join(', ')} ${leftOut.length === 1 ? 'is' : 'are'} not written: Kinora writes what each frame has as a vector, picture or text, not arrays of more dimensions or numbers of the episode as a whole.`, hint: 'Keep the source as well if you need them.' }
}

/** Tells when the recording of a simulator can no longer be played again; null if it can, or is none. */
export function lostFlowProblem({ vectors }: ExportPlan, { detail }: Dataset): Problem | null {
  const isRecording = detail.features.some(({ key }) => key === executedActionKey)
  if (!isRecording || vectors.some(({ key }) => key === executedActionKey)) return null
  return { severity: 'warning', what: `${detail.name}: without ${executedActionKey} its episodes cannot be played again, so that their exact optical flow is gone from what is written.`, hint: `Motion images are then estimated. Keep ${executedActionKey} under its name if you want to learn from exact flow.` }
}

/** What keeps two datasets from being written into one; null if nothing does. */
export function differenceOf(first: ExportPlan, other: ExportPlan): string | null {
  if (first.fps !== other.fps) return `it has ${other.fps} frames a second, the first ${first.fps}`
  for (const { key, names, dtype } of first.vectors) {
    const own = other.vectors.find((vector) => vector.key === key)
    if (own === undefined) continue
    if (own.names.length !== names.length) return `its ${key} has ${own.names.length} values, the first ${names.length}`
    if (own.dtype !== dtype) return `its ${key} is ${own.dtype}, the first ${dtype}`
  }
  const [own, others] = [writtenKeys(first), writtenKeys(other)]
  const missing = own.filter((key) => !others.includes(key))
  if (missing.length > 0) return `it has no ${missing.join(', ')}`
  const extra = others.filter((key) => !own.includes(key))
  return extra.length > 0 ? `it has ${extra.join(', ')}, which the first has not` : null
}

/** A camera's new name, under LeRobot's prefix whether it was given with it or not. */
function renamedCamera(wanted: string | undefined, key: string): string {
  if (wanted === undefined) return key
  return wanted.includes('.') ? wanted : imageKey(wanted)
}

/** LeRobot allows no slash in a key. */
const safeKey = (key: string): string => key.replace(/^steps\//, '').replaceAll(/[^\w.-]+/g, '.')
