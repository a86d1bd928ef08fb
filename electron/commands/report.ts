import type { Command } from 'commander'
import { KinoraError } from '../contract/errors.ts'
import { withCommonOptions, type CommonOptions } from './context.ts'
import { examples, type Bind } from './command.ts'
import { findRun, findTrainedRun } from './find-run.ts'

interface ReportOptions extends CommonOptions {
  readonly out?: string
}

const runLimit = 6

export function registerReport(program: Command, bind: Bind): void {
  const command = program.command('report').argument('<runs...>', 'one to six runs (folder, id or name); the first is what the others are compared with')
  command
    .description('Write one self-contained HTML page about runs: success, predicted motion, curves, what differs.')
    .option('--out <file>', 'where to (default: reports/ of the home)')
    .addHelpText('after', examples(['kinora report demo-joint', 'kinora report demo-action-only demo-joint --out review.html']))
  withCommonOptions(command, { json: true })
  bind<ReportOptions>(command, async (context, options, ...given) => {
    const words = given.flat()
    if (words.length > runLimit) throw new KinoraError('usage', `${words.length} runs are too many for one report.`, `Give at most ${runLimit}.`)
    const runs = []
    // The first tells the dataset; curves alone can stand beside it.
    for (const [index, word] of words.entries()) runs.push(await (index === 0 ? findTrainedRun : findRun)(context.home, word))
    const { writeRunReport } = await import('../engine/exchange/run-report.ts')
    let phase = ''
    const path = await writeRunReport(context.home, {
      runPaths: runs.map((run) => run.path),
      id: `report-${runs.map(({ identity }) => identity.id).join('-').slice(0, 100)}`,
      signal: context.signal,
      onWarning: (message) => context.note(message),
      onProgress: (name, done, total) => {
        if (name !== phase) context.progress.start((phase = name), total, 'frames')
        context.progress.update(done)
        if (done === total) context.progress.finish()
      },
    })
    const file = options.out ?? path
    if (options.out !== undefined) {
      const { readFile } = await import('node:fs/promises')
      const { writeFileAtomic } = await import('../platform/fs-atomic.ts')
      await writeFileAtomic(options.out, await readFile(path))
    }
    context.print({ report: file, runs: runs.map(({ identity }) => identity.id) }, `Report: ${file}\n`)
  })
}
