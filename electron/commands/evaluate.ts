import { Option, type Command } from 'commander'
import type { Device } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { BaselineName } from '../evaluate/closed-loop.ts'
import { listOf, wholeNumber, withCommonOptions, type CommonOptions } from './context.ts'
import { chooseTasks } from './demos.ts'
import { phrasingKinds, type PhrasingKind } from '../sim/tasks/task.ts'
import { examples, type Bind } from './command.ts'

interface EvaluateOptions extends CommonOptions {
  readonly tasks?: readonly string[]
  readonly seeds: number
  readonly compare?: string
  readonly stopWhenDecided?: boolean
  readonly stopWithin?: number
  readonly ends: boolean
  readonly step?: number
  readonly replan?: number
  readonly phrasing?: PhrasingKind
  readonly workers?: number
  readonly device?: Device
}

/** Shown in every table, so that a rate is never read without knowing what is easy and what is possible. */
const ends = ['random', 'expert'] satisfies BaselineName[]

export function registerEvaluate(program: Command, bind: Bind): void {
  const command = program.command('evaluate').argument('<run>', 'a run (folder, id or name), or one of the policies "random" and "expert"')
  command
    .description('Run a policy closed loop in the simulator on fixed seeds and tell its success with 95 % Wilson intervals.')
    .option('--tasks <ids>', 'tasks or suites, comma-separated; "all" for every task (default: those of the run\'s dataset)', listOf)
    .option('--seeds <n>', 'worlds per task, the same ones for every policy', wholeNumber(1, 10_000), 50)
    .option('--compare <run>', 'a second run or policy on the same seeds, with a paired comparison')
    .option('--stop-when-decided', 'with --compare: play the second on every world, and end the first as soon as they are told apart')
    .option('--stop-within <points>', 'end as soon as success is known to within so many points to either side', wholeNumber(1, 49))
    .option('--no-ends', 'leave out the two ends of the scale: random actions and the scripted expert')
    .option('--step <n>', 'checkpoint (default: the last whole one)', wholeNumber(0))
    .option('--replan <n>', 'actions executed before the policy is asked again (default: as configured)', wholeNumber(1, 1000))
    .addOption(new Option('--phrasing <kind>', 'how tasks are said to a run: as usual, in the ways for training, or in those held out').choices(phrasingKinds).default('usual'))
    .option('--workers <n>', 'simulations at once (default: the cores of this machine)', wholeNumber(1, 256))
    .addHelpText(
      'after',
      examples(
        ['kinora evaluate demo-joint', 'kinora evaluate demo-action-only --compare demo-joint --seeds 50', 'kinora evaluate demo-joint --compare demo-action-only --stop-when-decided', 'kinora evaluate expert --tasks all --seeds 20', 'kinora evaluate demo-joint --json > joint.json'],
        'An interrupted evaluation shows what was played and continues where it stopped. Results lie in rollouts/ of the run; the ends of the scale need no pictures and are kept for every later table. Evaluations that are stopped early get intervals that hold whenever one stops; they are wider than Wilson\'s.',
      ),
    )
  withCommonOptions(command, { json: true, device: true })
  bind<EvaluateOptions>(command, async (context, options, word) => {
    const { evaluateAll, preparePolicy } = await import('./evaluation.ts')
    const { printSuccess } = await import('./success-table.ts')
    const { listTasks } = await import('../sim/suites.ts')
    const words = options.compare === undefined ? [word!] : [word!, options.compare]
    if (words[0] === words[1]) throw new KinoraError('usage', `"${word}" is to be compared with itself.`, 'Name another run or policy after --compare.')
    if (options.stopWhenDecided && (options.compare === undefined || options.stopWithin !== undefined)) throw new KinoraError('usage', '--stop-when-decided needs --compare and goes without --stop-within.', 'Name the policy to be told apart from after --compare.')
    context.interrupts.message = 'Stopping; finished rollouts are kept and the same command continues. Press Ctrl-C again to end at once.'
    const chosen = options.tasks === undefined ? undefined : chooseTasks(options.tasks, listTasks()).map(({ id }) => id)
    // Everything is looked up before the first rollout: a wrong second name should not cost the first evaluation.
    const prepared = []
    for (const each of words) prepared.push(await preparePolicy(context, each, { tasks: chosen, step: each === word ? options.step : undefined }))
    const tasks = prepared.find((policy) => policy.tasks.length > 0)?.tasks
    if (tasks === undefined) {
      if (prepared.every(({ run }) => run === null)) throw new KinoraError('usage', 'Evaluate on which tasks?', 'Give --tasks, for example --tasks tabletop-goal.')
      throw new KinoraError('usage', 'No built-in task has the instructions of the dataset that this policy learned from.', 'If it acts in the tabletop world, give --tasks, for example --tasks tabletop-goal. Else there is no world for it here: kinora report tells its losses and predicted motion, kinora export takes it to your robot.')
    }
    const endPolicies = []
    if (options.ends) for (const end of ends) if (!words.includes(end)) endPolicies.push(await preparePolicy(context, end, { tasks }))
    printSuccess(context, await evaluateAll(context, prepared, endPolicies, { ...options, tasks }), tasks, words.length === 2)
  })
}
