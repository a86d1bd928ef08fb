import { join } from 'node:path'
import type { Command } from 'commander'
import { exitCodes } from '../contract/errors.ts'
import { howToRead, tableCells } from '../contract/ablation-table.ts'
import type { Ablation } from '../contract/ablation.ts'
import { counted } from '../report/numbers.ts'
import { examples, type Bind } from './command.ts'
import { withCommonOptions, type CommonOptions, type Context } from './context.ts'
import { readSettings } from './settings.ts'
import { formatTable } from './table.ts'

interface AblateOptions extends CommonOptions {
  readonly plan?: boolean
}

const example = `
A matrix file:
  {
    "name": "targets",
    "preset": "nano",
    "base": { "data": { "dataset": "demo-tabletop" }, "steps": 4000 },
    "factors": [{
      "field": "motion.target",
      "values": ["none", "motion-image", "future-frame", "words"]
    }],
    "seeds": [0, 1, 2],
    "evaluation": { "seedsPerTask": 50 }
  }
A factor may also be {"name", "levels": [{"label", "set": {"field": value}}]},
where a level changes several fields. The first level of every factor is the
baseline. "design" is "grid" (every combination) or "one-at-a-time".
Started again with the same file, also after a kill, it goes on where it was.`

export function registerAblate(program: Command, bind: Bind): void {
  const command = program.command('ablate').argument('<matrix>', 'a JSON file that describes the ablation, or the id of one that was begun')
  command
    .description('Train every arm of an ablation with every seed, evaluate all on the same worlds, and print one table of differences.')
    .option('--plan', 'print the arms and train nothing')
    .addHelpText('after', examples(['kinora ablate targets.json', 'kinora ablate targets.json --plan', 'kinora ablate targets.json --json > table.json']))
    .addHelpText('after', example)
  withCommonOptions(command, { json: true })
  bind<AblateOptions>(command, async (context, options, word) => {
    const { createAblation } = await import('../engine/ablation/ablation-creation.ts')
    const { openAblation, readAblation } = await import('../engine/ablation/ablation-folder.ts')
    const { parseAblation, planAblation } = await import('../engine/ablation/ablation-plan.ts')
    const spec = /\.json$|[/\\]/.test(word!) ? parseAblation(await readSettings(word!), word) : null
    if (options.plan === true) {
      const plan = planAblation(spec ?? (await openAblation(context.home, word!)).spec)
      context.print(plan, formatTable(['arm', 'fields'], plan.arms.map(({ label, set }) => [label, Object.entries(set).map(([field, value]) => `${field}=${JSON.stringify(value)}`).join(' ')])) + `\n${counted(plan.arms.length, 'arms')} x ${counted(plan.cells.length / plan.arms.length, 'seeds')} = ${counted(plan.cells.length, 'runs')}\n`)
      return
    }
    const folder = spec ? await createAblation(context.home, spec) : await openAblation(context.home, word!)
    context.note(`Ablation ${folder.id}: ${counted(folder.plan.arms.length, 'arms')}, ${counted(folder.plan.cells.length, 'runs')}, in ${folder.path}`)
    context.interrupts.message = 'Pausing: the run in progress writes a checkpoint, finished rollouts are kept, and the same command continues. Press Ctrl-C again to end at once.'
    const { runAblation } = await import('../engine/ablation/ablation-job.ts')
    // Loaded only now: the engine is large, and help and plan do not need it.
    const { TrainingProgress } = await import('./training.ts')
    let training = new TrainingProgress(context, '')
    let isRolling = false
    await runAblation({
      home: context.home,
      folder,
      signal: context.signal,
      onCell({ arm, seed }, index) {
        training.finish()
        isRolling = false
        context.note(`Run ${index + 1} of ${folder.plan.cells.length}: ${folder.plan.arms[arm]!.label}, seed ${seed}`)
        training = new TrainingProgress(context, '')
      },
      onTraining: (event) => training.show(event),
      onRollouts(done, total, successes) {
        if (!isRolling) {
          training.finish()
          context.progress.start('Rollouts', total, 'rollouts')
        }
        isRolling = true
        context.progress.update(done, `${successes} succeeded`)
      },
      onFailure: ({ arm, seed }, error) => context.note(`  ${folder.plan.arms[arm]!.label}, seed ${seed} failed: ${error.message} ${error.hint}`),
    })
    training.finish()
    const ablation = await readAblation(context.home, folder)
    context.print(ablation, tableText(ablation, folder.path, context))
    if (context.signal.aborted) return exitCodes.interrupted
    return ablation.cells.some(({ state }) => state !== 'done') ? exitCodes.numerics : 0
  })
}

function tableText(ablation: Ablation, path: string, context: Context): string {
  const [header, ...rows] = tableCells(ablation)
  const missing = ablation.cells.filter(({ state }) => state !== 'done')
  const open = missing.length === 0 ? '' : `\n${missing.length} of ${ablation.cells.length} runs are not done${context.signal.aborted ? '; the same command continues' : `: ${missing.map(({ arm, seed, error }) => `${ablation.arms[arm]!.label}, seed ${seed}${error === null ? '' : ` (${error.code})`}`).join('; ')}`}.\n`
  return `${formatTable(header!, rows, header!.map((_, column) => column).slice(1))}\n${howToRead(ablation)}\n${open}Table: ${join(path, 'table.csv')}, table.md and table.json\n`
}
