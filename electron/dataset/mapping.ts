import { nearest } from '../base/nearest.ts'
import type { TrainConfig } from '../contract/config.ts'
import { isVector, vectorNames, type DatasetDetail, type Feature } from '../contract/dataset.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset, EpisodeColumns } from './dataset.ts'

export type DataMapping = Pick<TrainConfig['data'], 'state' | 'action' | 'instruction' | 'cameras'>

/**
 * The dataset as a run sees it: state and action joined from the features that the run names, one instruction in place
 * of all. What the run leaves open stays as the source has it. Closing it closes the dataset beneath.
 * @throws KinoraError `config-invalid`, naming the feature or camera that is not there and what is
 */
export function mapDataset(dataset: Dataset, mapping: DataMapping): Dataset {
  const { state, action, instruction } = mapping
  for (const camera of mapping.cameras) requireOne('data.cameras', camera, dataset.detail.cameras, dataset.detail)
  const stateFeatures = state.map((key) => requireVector('data.state', key, dataset.detail))
  const actionFeatures = action.map((key) => requireVector('data.action', key, dataset.detail))
  if (state.length + action.length === 0 && instruction === '') return dataset
  const { detail } = dataset
  const instructed = instruction === '' ? detail : { ...detail, tasks: [instruction], episodes: detail.episodes.map((episode) => ({ ...episode, instruction })) }
  return {
    detail: instructed,
    cacheDir: dataset.cacheDir,
    stateNames: state.length === 0 ? dataset.stateNames : stateFeatures.flatMap(vectorNames),
    actionNames: action.length === 0 ? dataset.actionNames : actionFeatures.flatMap(vectorNames),
    async readEpisode(episode): Promise<EpisodeColumns> {
      const columns = await dataset.readEpisode(episode)
      const joined = async (keys: readonly string[], own: Float32Array): Promise<Float32Array> =>
        keys.length === 0 ? own : joinColumns(await Promise.all(keys.map((key) => dataset.readVector(episode, key))), columns.frameCount)
      return { ...columns, state: await joined(state, columns.state), action: await joined(action, columns.action) }
    },
    readVector: (episode, key) => dataset.readVector(episode, key),
    readFrame: (episode, camera, frame) => dataset.readFrame(episode, camera, frame),
    readFrames: (episode, camera) => dataset.readFrames(episode, camera),
    ...(dataset.readWindow === undefined ? {} : { readWindow: dataset.readWindow.bind(dataset) }),
    ...(dataset.readStored === undefined ? {} : { readStored: dataset.readStored.bind(dataset) }),
    readFlow: (episode, camera, horizonSteps) => dataset.readFlow(episode, camera, horizonSteps),
    dispose: () => dataset.dispose(),
  }
}

/** Numbers per frame of a vector feature. @throws KinoraError `not-found`. */
export function vectorDimension(detail: DatasetDetail, key: string): number {
  const feature = detail.features.find((one) => one.key === key)
  if (feature !== undefined && isVector(feature)) return vectorNames(feature).length
  throw new KinoraError('not-found', `${detail.name} has no vector "${key}".`, `Its vectors: ${vectorKeys(detail).join(', ') || 'none'}.`)
}

/** Row-major matrices of the same number of rows, side by side. */
function joinColumns(parts: readonly Float32Array[], rows: number): Float32Array {
  const widths = parts.map((part) => (rows === 0 ? 0 : part.length / rows))
  const total = widths.reduce((sum, width) => sum + width, 0)
  const joined = new Float32Array(rows * total)
  let column = 0
  for (const [index, part] of parts.entries()) {
    const width = widths[index]!
    for (let row = 0; row < rows; row++) joined.set(part.subarray(row * width, (row + 1) * width), row * total + column)
    column += width
  }
  return joined
}

function requireVector(field: string, key: string, detail: DatasetDetail): Feature {
  requireOne(field, key, vectorKeys(detail), detail)
  return detail.features.find((one) => one.key === key)!
}

const vectorKeys = (detail: DatasetDetail): string[] => detail.features.filter(isVector).map(({ key }) => key)

function requireOne(field: string, wanted: string, known: readonly string[], detail: DatasetDetail): void {
  if (known.includes(wanted)) return
  const guess = nearest(wanted, known)
  throw new KinoraError('config-invalid', `${field} names "${wanted}", which ${detail.name} does not have.`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}It has: ${known.join(', ') || 'none'}.`)
}
