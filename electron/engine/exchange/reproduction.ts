import { join } from 'node:path'
import { shellWord } from '../../base/shell-word.ts'
import type { Evaluation } from '../../contract/run.ts'

/** What of a run its commands need. */
export interface ReproducedRun {
  readonly path: string
  readonly name: string
  /** The one that the report shows; null where the policy was not judged. */
  readonly evaluation: Evaluation | null
}

/** Commands that make runs, their evaluations and a report of them again; by name, as the runs get new ids. */
export function reproduction(runs: readonly ReproducedRun[]): string[] {
  return [
    ...runs.map(({ path, name }) => `npx kinora train --config ${shellWord(join(path, 'config.json'))} --name ${shellWord(name)}`),
    ...runs.flatMap(({ name, evaluation }) => (evaluation === null ? [] : [`npx kinora evaluate ${shellWord(name)} --tasks ${evaluation.tasks.map(({ task }) => task).join(',')} --seeds ${evaluation.stoppedEarly?.plannedSeeds ?? evaluation.seeds.length} --replan ${evaluation.replanSteps}`])),
    `npx kinora report ${runs.map(({ name }) => shellWord(name)).join(' ')}`,
  ]
}
