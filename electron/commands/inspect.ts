import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { nearest } from '../base/nearest.ts'
import { exitCodes, KinoraError } from '../contract/errors.ts'
import type { RunFolder } from '../engine/runs/run-folder.ts'
import { bytes, integer, percent, significant, timeStamp } from '../report/numbers.ts'
import { withCommonOptions, type Context } from './context.ts'
import { examples, type Bind } from './command.ts'
import { inspectDataset, withDatasetOptions, type InspectOptions } from './inspect-dataset.ts'
import { formatTable } from './table.ts'

export function registerInspect(program: Command, bind: Bind): void {
  const command = program.command('inspect').argument('[path]', 'a dataset, run or checkpoint: folder, name or id; without it everything of the home is listed')
  command
    .description('Describe a dataset, a run or a checkpoint, and list what is wrong with it.')
    .addHelpText('after', examples(['kinora inspect', 'kinora inspect demo-tabletop', 'kinora inspect ~/data/bridge --stats', 'kinora inspect ~/data/bridge --flow --camera image_0', 'kinora inspect demo-joint --json', 'kinora inspect ~/.local/share/kinora/runs/RUN/checkpoints/2000'], 'Exit code 3 when a dataset has errors, 7 when a checkpoint is damaged.'))
  withDatasetOptions(command)
  withCommonOptions(command, { json: true })
  bind<InspectOptions>(command, (context, options, path?: string) => (path === undefined ? listHome(context) : inspect(context, path, options)))
}

async function inspect(context: Context, word: string, options: InspectOptions): Promise<number | void> {
  const folder = resolve(word)
  if (/^\d+$/.test(basename(folder)) && basename(dirname(folder)) === 'checkpoints') return inspectCheckpoint(context, folder)
  const { findRun } = await import('./find-run.ts')
  const { findDataset, listDatasetPlaces } = await import('../engine/dataset-places.ts')
  if ((await exists(join(folder, 'run.json'))) || (await exists(join(context.home.runs, word, 'run.json')))) return inspectRun(context, await findRun(context.home, word))
  const places = await listDatasetPlaces(context.home)
  if ((await exists(folder)) || places.some(({ id }) => id === word)) {
    return await inspectDataset(context, await findDataset(context.home, word), options)
  }
  try {
    return await inspectRun(context, await findRun(context.home, word))
  } catch (error) {
    if (!(error instanceof KinoraError) || error.code !== 'not-found') throw error
    const guess = nearest(word, places.map(({ id }) => id))
    // The hint tells the runs, with the nearest of them.
    throw new KinoraError('not-found', `There is no folder, dataset or run "${word}".`, `${guess === undefined ? '' : `Did you mean the dataset "${guess}"? `}${error.hint} Datasets: ${places.map(({ id }) => id).join(', ') || 'none yet'}.`)
  }
}

async function inspectRun(context: Context, run: RunFolder): Promise<void> {
  const { reconcileRun, runFile } = await import('../engine/runs/run-folder.ts')
  const { listSteps } = await import('../checkpoint/folders.ts')
  const { readEvaluations } = await import('../engine/runs/run-summary.ts')
  const { RunMetrics } = await import('../metrics/reader.ts')
  const { parameterCounts } = await import('../model/parameter-counts.ts')
  const status = await reconcileRun(run.path)
  const checkpoints = await listSteps(run.path)
  const evaluations = await readEvaluations(run.path)
  const metrics = new RunMetrics(runFile.metrics(run.path))
  await metrics.poll()
  const last = metrics.last()
  const parameters = parameterCounts(run.config)
  const lines = [
    `Run ${run.identity.name} (${run.identity.id})`,
    `  ${run.path}`,
    `  made ${timeStamp(run.identity.createdAt)} by Kinora ${run.identity.kinora}`,
    `  ${status.state} at step ${status.step} of ${status.totalSteps}${status.provider === null ? '' : ` on ${status.provider}`}`,
    ...(status.error === null ? [] : [`  error: ${status.error.message} ${status.error.hint}`]),
    `  preset ${run.config.preset}, seed ${run.config.seed}, dataset ${run.config.data.dataset}, motion target ${run.config.motion.target}`,
    `  parameters: ${Object.entries(parameters).filter(([, count]) => count > 0).map(([name, count]) => `${name} ${integer(count)}`).join(', ')}`,
    `  checkpoints: ${checkpoints.join(', ') || 'none'}`,
    ...(metrics.damagedLines > 0 ? [`  ${metrics.damagedLines} damaged lines of metrics are skipped`] : []),
    '',
    formatTable(['metric', 'last value'], Object.entries(last).map(([name, value]) => [name, value === null ? 'not finite' : significant(value, 4)]), [1]),
    evaluations.length === 0 ? `Not evaluated yet: kinora evaluate ${run.identity.id}` : 'Evaluations:',
    ...evaluations.map(({ checkpointStep, total }) => `  step ${checkpointStep}: ${total.successes} of ${total.n} (${percent(total.low)} to ${percent(total.high)})`),
  ]
  context.print({ kind: 'run', ...run.identity, path: run.path, config: run.config, status, checkpoints, parameters, lastMetrics: last, damagedMetricLines: metrics.damagedLines, evaluations }, lines.join('\n'))
}

async function inspectCheckpoint(context: Context, folder: string): Promise<number | void> {
  const { loadCheckpoint } = await import('../checkpoint/restore.ts')
  const { listSteps } = await import('../checkpoint/folders.ts')
  const { verifyCheckpoint } = await import('../checkpoint/verify.ts')
  const runPath = dirname(dirname(folder))
  const step = Number(basename(folder))
  const steps = await listSteps(runPath)
  if (!steps.includes(step)) throw new KinoraError('not-found', `There is no checkpoint ${step} in ${runPath}.`, steps.length === 0 ? 'It has none.' : `It has ${steps.join(', ')}.`)
  const { reason } = await verifyCheckpoint(folder)
  if (reason !== null) {
    const before = steps.findLast((other) => other < step)
    context.print({ kind: 'checkpoint', step, path: folder, isValid: false, reason }, `Checkpoint ${step} is damaged: ${reason}.\n  ${before === undefined ? 'The run has none before it.' : `Where the latest checkpoint is asked for, the one before, ${before}, is taken.`}`)
    return exitCodes['checkpoint-damaged']
  }
  const { tensors } = await loadCheckpoint(runPath, step)
  const groups = new Map<string, { tensors: number; numbers: number }>()
  for (const [name, tensor] of Object.entries(tensors)) {
    const group = name.split('/')[0]!
    const sum = groups.get(group) ?? { tensors: 0, numbers: 0 }
    groups.set(group, { tensors: sum.tensors + 1, numbers: sum.numbers + tensor.data.length })
  }
  const rows = [...groups].map(([group, sum]) => [group, integer(sum.tensors), integer(sum.numbers), bytes(sum.numbers * 4)])
  context.print(
    { kind: 'checkpoint', step, path: folder, isValid: true, groups: Object.fromEntries(groups) },
    `Checkpoint ${step}, whole: every file matches its hash.\n  ${folder}\n\n${formatTable(['group', 'tensors', 'numbers', 'size'], rows, [1, 2, 3])}`,
  )
}

async function listHome(context: Context): Promise<void> {
  const { listRuns } = await import('./find-run.ts')
  const { listDatasetPlaces } = await import('../engine/dataset-places.ts')
  const { reconcileRun } = await import('../engine/runs/run-folder.ts')
  const places = await listDatasetPlaces(context.home)
  const { runs: readable, unreadable } = await listRuns(context.home)
  const runs = await Promise.all(readable.map(async (run) => ({ ...run.identity, path: run.path, status: await reconcileRun(run.path) })))
  const text = [
    `Home ${context.home.root}`,
    '',
    places.length === 0 ? 'No datasets yet: kinora demos --help\n' : formatTable(['dataset', 'folder'], places.map(({ id, path }) => [id, path])),
    runs.length === 0 ? 'No runs yet: kinora train --help' : formatTable(['run', 'name', 'state', 'step'], runs.map(({ id, name, status }) => [id, name, status.state, `${status.step}/${status.totalSteps}`]), [3]),
    ...(unreadable.length === 0 ? [] : ['Cannot be read:', ...unreadable.map(({ path, error }) => `  ${basename(path)}: ${error.message}\n    ${error.hint}`)]),
  ]
  context.print({ kind: 'home', home: context.home.root, datasets: places, runs, unreadable: unreadable.map(({ path, error }) => ({ path, error: error.toJSON() })) }, text.join('\n'))
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}
