import { join, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { shellWord } from '../base/shell-word.ts'
import { exportFormats, type ExportFormat } from '../contract/blob.ts'
import type { Parity } from '../contract/run.ts'
import { significant } from '../report/numbers.ts'
import type { RunFolder } from '../engine/runs/run-folder.ts'
import { wholeNumber, withCommonOptions, type CommonOptions, type Context } from './context.ts'
import { examples, type Bind } from './command.ts'
import { formatTable } from './table.ts'

interface ExportOptions extends CommonOptions {
  readonly out?: string
  readonly step?: number
  readonly samples: number
  readonly metrics?: ExportFormat
}

export function registerExport(program: Command, bind: Bind): void {
  const command = program.command('export').argument('<run>', 'a run (folder, id or name)')
  command
    .description('Write a policy as ONNX, from raw pictures, state and token ids to actions, with a report of how closely it repeats the original.')
    .option('--out <folder>', 'new folder to write, or with --metrics the file, or the folder of the event file (default: named after the run, here)')
    .option('--step <n>', 'checkpoint (default: the last whole one)', wholeNumber(0))
    .option('--samples <n>', 'observations compared, random ones and of the dataset each', wholeNumber(1, 10_000), 16)
    .addOption(new Option('--metrics <format>', 'write what the run logged instead, every point of it: CSV, a TensorBoard event file, or JSON after W&B').choices(exportFormats))
    .addHelpText(
      'after',
      examples(
        ['kinora export demo-joint', 'kinora export demo-joint --out policy --samples 100', 'kinora export demo-joint --metrics tfevents --out logs/demo-joint'],
        'The folder holds policy.onnx (opset 20, standard operators), policy.json (inputs and outputs), tokenizer.json and byte-pairs.json, norm_stats.json as openpi writes it, config.json and parity.json.',
      ),
    )
  withCommonOptions(command, { json: true })
  bind<ExportOptions>(command, async (context, options, word) => {
    const { findRun, findTrainedRun } = await import('./find-run.ts')
    if (options.metrics !== undefined) return exportMetrics(context, await findRun(context.home, word!), options.metrics, options.out)
    const run = await findTrainedRun(context.home, word!)
    const out = resolve(options.out ?? `${run.identity.id}-policy`)
    const { exportPolicy } = await import('../engine/exchange/export-policy.ts')
    const report = await exportPolicy({ home: context.home, runPath: run.path, step: options.step, out, samples: options.samples, signal: context.signal, onWarning: (message) => context.note(message) })
    const row = (name: string, { n, maxAbsError, meanAbsError, minCosine }: Parity): string[] => [name, String(n), significant(maxAbsError), significant(meanAbsError), minCosine.toFixed(7)]
    const rows = [row('random', report.random), ...(report.dataset ? [row('dataset', report.dataset)] : [])]
    const text = formatTable(['observations', 'n', 'largest error', 'mean error', 'lowest cosine'], rows, [1, 2, 3, 4])
    context.print({ path: out, ...report }, `${text}${report.datasetNote === null ? '' : `The dataset was not compared: ${report.datasetNote}\n`}Exported step ${report.checkpointStep} of ${report.run} to ${out}`)
  })
}

/** One file; TensorBoard is pointed at folders, so its file goes into the folder that `out` names. */
async function exportMetrics(context: Context, run: RunFolder, format: ExportFormat, out?: string): Promise<void> {
  const { exportRun } = await import('../engine/exchange/run-export.ts')
  const { writeFileAtomic } = await import('../platform/fs-atomic.ts')
  const { id, createdAt } = run.identity
  const path = format === 'tfevents' ? join(resolve(out ?? `${id}-tensorboard`), `events.out.tfevents.${Math.floor(createdAt / 1000)}.${id}`) : resolve(out ?? `${id}.${format}`)
  const content = await exportRun(run, format)
  await writeFileAtomic(path, content)
  context.print({ path, bytes: content.length }, `Wrote ${path}${format === 'tfevents' ? `\nOpen it with: tensorboard --logdir ${shellWord(resolve(out ?? `${id}-tensorboard`))}` : ''}`)
}
