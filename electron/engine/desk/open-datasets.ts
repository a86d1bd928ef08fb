import type { DatasetDetail } from '../../contract/dataset.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { Lending } from './lending.ts'

/** Datasets by path, kept open between requests. */
export class OpenDatasets extends Lending<Dataset> {}

/** @throws KinoraError `not-found`, saying which episodes there are. */
export function findEpisode(dataset: Dataset, index: number): DatasetDetail['episodes'][number] {
  const found = dataset.detail.episodes.find((episode) => episode.index === index)
  if (found) return found
  const problem = dataset.detail.problems.find((candidate) => candidate.episode === index)
  throw new KinoraError(
    'not-found',
    problem ? `Episode ${index} of ${dataset.detail.name} cannot be read: ${problem.what}` : `${dataset.detail.name} has no episode ${index}.`,
    problem?.hint ?? `It has ${dataset.detail.episodes.length} readable episodes.`,
  )
}
