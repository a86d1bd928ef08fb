import { join } from 'node:path'
import type { Command } from 'commander'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import { mergeConfig } from '../contract/raw-config.ts'
import { withCommonOptions, type Context } from './context.ts'
import { examples, type Bind } from './command.ts'
import { dataSettings, fitted, gatherSettings, sourceOf, withConfigOptions, type ConfigOptions } from './run-config.ts'

interface TrainOptions extends ConfigOptions {
  readonly name?: string
  readonly resume?: string
  readonly printConfig?: boolean
  readonly force?: boolean
}

export function registerTrain(program: Command, bind: Bind): void {
  const command = withConfigOptions(program.command('train'))
  command
    .description('Train a policy on a dataset, with its motion head or without; pause with Ctrl-C, continue with --resume.')
    .option('--name <name>', 'name of the run (default: preset and time)')
    .option('--resume <run>', 'continue a paused, stopped or crashed run (folder, id or name)')
    .option('--force', 'start though memory or disk look too short')
    .option('--print-config', 'print the whole configuration and train nothing')
    .addHelpText(
      'after',
      examples([
        'kinora train --preset nano --dataset demo-tabletop',
        'kinora train --preset nano --dataset demo-tabletop --set motion.target=none --set steps=500 --name action-only',
        'kinora train --preset nano --dataset demo-tabletop --print-config > run.json',
        'kinora train --config run.json --set seed=1',
        'kinora train --preset nano --dataset videos --set stage=motion-warm-up --name warm',
        'kinora train --preset nano --dataset demo-tabletop --set startFrom=warm',
        'kinora train --dataset /data/arm --cameras cam_high,cam_wrist --state observation.state --instruction "pick up the cup"',
        'kinora train --resume action-only',
      ], 'Fields win in this order: --set, --dataset and its mapping and --device, --config, --preset, defaults.'),
    )
  withCommonOptions(command, { json: true, device: true })
  bind<TrainOptions>(command, async (context, options) => {
    const runPath = options.resume === undefined ? await newRun(context, options) : await resumedRun(context, options)
    if (runPath === null) return
    context.interrupts.message = 'Pausing: writing a checkpoint. Press Ctrl-C again to end at once (the run then continues at its last checkpoint).'
    const { trainHere, trainingExitCode } = await import('./training.ts')
    const { openRun } = await import('../engine/runs/run-folder.ts')
    // A new run's memory was looked at before it had a folder.
    const status = await trainHere(context, runPath, { ignoresMemory: options.force === true || options.resume === undefined })
    const { identity, config } = await openRun(runPath)
    const next = status.state === 'finished' ? await nextStep(context, identity.id, config) : ''
    const text =
      status.state === 'finished'
        ? `Finished ${identity.id} at step ${status.step}.\nNext: ${next}`
        : `${status.state === 'paused' ? 'Paused' : 'Ended'} ${identity.id} at step ${status.step} of ${status.totalSteps}.\nContinue: kinora train --resume ${identity.id}`
    context.print({ run: { ...identity, path: runPath }, status }, text)
    return trainingExitCode(status)
  })
}

/** What to do with a finished run: only a policy of built-in tasks has a world here to act in. */
async function nextStep(context: Context, id: string, { stage, data }: TrainConfig): Promise<string> {
  if (stage === 'motion-warm-up') return `kinora train --dataset ... --set startFrom=${id}`
  const { tasksOfDataset } = await import('../engine/evaluation/evaluation.ts')
  const tasks = await tasksOfDataset(context.home, data.dataset, context.signal).catch(() => [])
  return tasks.length > 0 ? `kinora evaluate ${id}` : `kinora report ${id}, or kinora export ${id} for your robot`
}

async function newRun(context: Context, options: TrainOptions): Promise<string | null> {
  const { parseTrainConfig } = await import('../engine/runs/train-config.ts')
  const settings = await gatherSettings(options)
  if (dataSettings(settings).dataset === undefined && options.printConfig !== true) {
    throw new KinoraError('usage', 'Train on which dataset?', 'Give --dataset with a name or a folder. "kinora inspect" lists the datasets that there are, "kinora demos" records one.')
  }
  if (options.printConfig === true) {
    const placed = mergeConfig({ data: { dataset: 'NAME-OR-FOLDER' } }, settings)
    context.terminal.out(`${JSON.stringify(parseTrainConfig(placed, sourceOf(options)), null, 2)}\n`)
    return null
  }
  const { config: asked, dataset, data } = await fitted(context, settings, sourceOf(options), options.as)
  const { withImportedVae } = await import('../engine/training/imported-vaes.ts')
  const config = await withImportedVae(context.home, asked)
  const { estimateHere, refuseShortage, refuseShortMemory } = await import('../engine/estimate/estimate.ts')
  // Told before this machine is timed.
  if (options.force !== true) refuseShortMemory(config, data)
  const estimate = await estimateHere(context.home, config, data, { signal: context.signal })
  const { estimateLine } = await import('./estimate.ts')
  context.note(estimateLine(estimate))
  if (options.force !== true) refuseShortage(estimate)
  const { createRun } = await import('../engine/runs/run-folder.ts')
  const startFrom = config.startFrom === null ? null : await knownStart(context, config.startFrom)
  const run = await createRun(context.home, { name: options.name ?? '', config: { ...config, startFrom, data: { ...config.data, dataset } } })
  context.note(`Run ${run.identity.id} in ${run.path}`)
  return run.path
}

/** `startFrom` as a run is found later, whatever word the user had for it; refused where there is no such run. */
async function knownStart(context: Context, startFrom: string): Promise<string> {
  const { findTrainedRun } = await import('./find-run.ts')
  const at = startFrom.lastIndexOf('@')
  const run = await findTrainedRun(context.home, at < 0 ? startFrom : startFrom.slice(0, at))
  const inHome = run.path === join(context.home.runs, run.identity.id)
  return `${inHome ? run.identity.id : run.path}${at < 0 ? '' : startFrom.slice(at)}`
}

async function resumedRun(context: Context, options: TrainOptions): Promise<string> {
  const clash = (['config', 'preset', 'dataset', 'as', 'cameras', 'state', 'action', 'instruction', 'name', 'device', 'printConfig'] as const).find((key) => options[key] !== undefined)
  if (clash !== undefined || options.set !== undefined) {
    throw new KinoraError('usage', `--resume continues a run as it was; --${clash === 'printConfig' ? 'print-config' : (clash ?? 'set')} cannot change it.`, 'Leave that flag out, or start a new run from its config.json: kinora train --config <run folder>/config.json --set ...')
  }
  const { findTrainedRun } = await import('./find-run.ts')
  const run = await findTrainedRun(context.home, options.resume!)
  const { reconcileRun } = await import('../engine/runs/run-folder.ts')
  const status = await reconcileRun(run.path)
  if (status.state === 'finished') {
    throw new KinoraError('usage', `${run.identity.id} is finished: all ${status.totalSteps} steps are done.`, `Evaluate it: kinora evaluate ${run.identity.id}`)
  }
  context.note(`Continuing ${run.identity.id}, ${status.state} at step ${status.step} of ${status.totalSteps}`)
  return run.path
}
