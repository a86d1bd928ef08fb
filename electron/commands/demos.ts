import { basename, isAbsolute, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { nearest } from '../base/nearest.ts'
import { shellWord } from '../base/shell-word.ts'
import { KinoraError } from '../contract/errors.ts'
import type { TaskSpec } from '../sim/suites.ts'
import { listOf, wholeNumber, withCommonOptions, type CommonOptions, type Context } from './context.ts'
import { examples, type Bind } from './command.ts'
import { counted } from '../report/numbers.ts'
import { formatTable } from './table.ts'

interface DemosOptions extends CommonOptions {
  readonly task?: readonly string[]
  readonly episodes: number
  readonly out?: string
  readonly size: number
  readonly horizon: number
  readonly workers?: number
  readonly noise: boolean
  readonly phrasings?: boolean
  readonly list?: boolean
  readonly check?: boolean
  readonly seeds: number
}

export function registerDemos(program: Command, bind: Bind): void {
  const command = program.command('demos')
  command
    .description('Record demonstrations of the built-in tabletop by its scripted experts, as a LeRobot v3.0 dataset with exact optical flow.')
    .option('--task <id>', 'task or suite; comma-separated or repeated; "all" for every task (--check alone takes all by itself)', listOf)
    .option('--episodes <n>', 'demonstrations per task', wholeNumber(1, 100_000), 50)
    .option('--out <name or folder>', 'name of the dataset in the home, or a folder (default: named after the task or suite)')
    .option('--size <px>', 'side of the pictures', wholeNumber(16, 512), 64)
    .option('--horizon <steps>', 'steps from a frame to the frame that its optical flow points at', wholeNumber(1, 1000), 5)
    .option('--workers <n>', 'simulations at once (default: the cores of this machine)', wholeNumber(1, 256))
    .option('--no-noise', 'record the expert as it is, without disturbances to recover from')
    .option('--phrasings', 'say each task in several ways in turn; others are held out for kinora evaluate --phrasing held-out')
    .option('--list', 'list the tasks')
    .option('--check', 'run the experts without pictures and print how often they succeed, as they are and with the disturbances of demonstrations')
    .option('--seeds <n>', 'seeds per task for --check', wholeNumber(1, 10_000), 100)
    .addHelpText(
      'after',
      examples(['kinora demos --list', 'kinora demos --task tabletop-goal/push-button --episodes 50 --out buttons', 'kinora demos --task tabletop-goal --episodes 20 --size 128 --out goal-128', 'kinora demos --check', 'kinora demos --check --task tabletop-goal --seeds 20'], 'Running the same command again continues an interrupted recording or check.'),
    )
  withCommonOptions(command, { json: true })
  bind<DemosOptions>(command, async (context, options) => {
    const { listTasks } = await import('../sim/suites.ts')
    const known = listTasks()
    if (options.list === true) {
      context.print(known, formatTable(['task', 'instruction', 'steps'], known.map(({ id, instruction, maxSteps }) => [id, instruction, String(maxSteps)]), [2]))
      return
    }
    if (options.check === true) {
      const { checkExperts } = await import('./expert-check.ts')
      return checkExperts(context, chooseTasks(options.task ?? ['all'], known).map(({ id }) => id), options)
    }
    if (options.task === undefined || options.task.length === 0) {
      throw new KinoraError('usage', 'Demonstrations of which task?', 'Give --task, for example --task tabletop-goal/push-button. "kinora demos --list" shows all.')
    }
    await record(context, chooseTasks(options.task, known), options)
  })
}

/** The tasks that words mean: ids, suites, `all`. @throws KinoraError `not-found` with the nearest. */
export function chooseTasks(words: readonly string[], known: readonly TaskSpec[]): TaskSpec[] {
  const chosen = words.flatMap((word) => {
    const tasks = known.filter(({ id, suite }) => word === 'all' || id === word || suite === word)
    if (tasks.length > 0) return tasks
    const names = [...new Set(known.flatMap(({ id, suite }) => [suite, id]))]
    const guess = nearest(word, names)
    throw new KinoraError('not-found', `There is no task or suite "${word}".`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}Suites: ${[...new Set(known.map(({ suite }) => suite))].join(', ')}. "kinora demos --list" shows the tasks.`)
  })
  return [...new Map(chosen.map((task) => [task.id, task])).values()]
}

async function record(context: Context, tasks: readonly TaskSpec[], options: DemosOptions): Promise<void> {
  const name = options.out ?? (tasks.length === 1 ? tasks[0]!.id.replaceAll('/', '-') : `${tasks[0]!.suite}-${options.episodes}`)
  const path = datasetFolder(context, name)
  context.interrupts.message = 'Stopping; whole episodes are kept and the same command continues. Press Ctrl-C again to end at once.'
  const { recordDemonstrations } = await import('./recording.ts')
  const result = await recordDemonstrations(context, { tasks: tasks.map(({ id }) => id), episodesPerTask: options.episodes, path, sizePx: options.size, horizonSteps: options.horizon, workers: options.workers, noise: options.noise, isPhrased: options.phrasings })
  context.print(
    { dataset: basename(path), path, ...result },
    `${result.isNew ? 'Recorded' : 'Complete already:'} ${counted(result.episodes, 'episodes')}, ${counted(result.frames, 'frames')} in ${path}\n${result.failedSeeds.length > 0 ? `The expert failed on ${counted(result.failedSeeds.length, 'seeds')}, replaced by others.\n` : ''}Next: kinora train --preset nano --dataset ${shellWord(isInHome(context, path) ? basename(path) : path)}`,
  )
}

/** A bare name lies in the home; anything with a separator is a folder. */
export function datasetFolder(context: Context, name: string): string {
  if (isAbsolute(name) || /[/\\]/.test(name)) return resolve(name)
  if (name.startsWith('.')) throw new KinoraError('usage', `"${name}" is no name for a dataset.`, 'Begin it with a letter or a digit, or give a folder.')
  return join(context.home.datasets, name)
}

function isInHome(context: Context, path: string): boolean {
  return path === join(context.home.datasets, basename(path))
}
