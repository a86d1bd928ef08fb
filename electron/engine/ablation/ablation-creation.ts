import type { AblationSpec } from '../../contract/ablation.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Home } from '../../platform/paths.ts'
import { listSuites, listTasks } from '../../sim/suites.ts'
import { ablationId, openAblation, writeAblation, type AblationFolder } from './ablation-folder.ts'
import { planAblation } from './ablation-plan.ts'
import { tasksOfDataset } from '../evaluation/evaluation.ts'

/**
 * Keeps the description, or finds it kept.
 * @throws KinoraError `config-invalid` where one of its runs could not begin, `not-found` and others of a dataset
 */
export async function createAblation(home: Home, spec: AblationSpec, now: number = Date.now()): Promise<AblationFolder> {
  const { cells } = planAblation(spec)
  const tasks = await tasksOf(home, spec, [...new Set(cells.map(({ config }) => config.data.dataset))])
  return (await openAblation(home, ablationId(spec)).catch(() => null)) ?? writeAblation(home, spec, tasks, now)
}

async function tasksOf(home: Home, { evaluation }: AblationSpec, datasets: readonly string[]): Promise<string[]> {
  // The datasets are looked up in any case: a missing one is told before the first run.
  const ofDatasets = (await Promise.all(datasets.map((dataset) => tasksOfDataset(home, dataset)))).flat()
  if (evaluation.seedsPerTask === 0) return []
  const { tasks: words } = evaluation
  const unknown = words?.find((word) => !listTasks().some(({ id, suite }) => id === word || suite === word))
  if (unknown !== undefined) throw new KinoraError('config-invalid', `evaluation.tasks: there is no task or suite "${unknown}".`, `Suites: ${listSuites().join(', ')}. "kinora demos --list" shows the tasks.`)
  const tasks = words === null ? [...new Set(ofDatasets)] : listTasks().filter(({ id, suite }) => words.includes(id) || words.includes(suite)).map(({ id }) => id)
  if (tasks.length > 0) return tasks
  throw new KinoraError('config-invalid', 'No task of the simulator has an instruction of the dataset, so there is nothing to evaluate on.', 'Name tasks in evaluation.tasks, or set evaluation.seedsPerTask to 0 to compare validation losses alone.')
}
