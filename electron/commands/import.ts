import { resolve } from 'node:path'
import type { Command } from 'commander'
import { examples, type Bind } from './command.ts'
import { withCommonOptions, type CommonOptions } from './context.ts'

interface ImportOptions extends CommonOptions {
  readonly name?: string
}

export function registerImport(program: Command, bind: Bind): void {
  const command = program.command('import').argument('<path>', 'a TensorBoard event file, a folder of them, or a CSV with a column "step"')
  command
    .description('Make a run of what another program logged, so that its curves stand beside your own.')
    .option('--name <name>', 'name of the run (default: that of the file or folder)')
    .addHelpText('after', examples(['kinora import runs/pi0/events.out.tfevents.1700000000.host', 'kinora import losses.csv --name lerobot-act']))
  withCommonOptions(command, { json: true })
  bind<ImportOptions>(command, async (context, options, path) => {
    const { importRun } = await import('../engine/exchange/run-import.ts')
    const run = await importRun(context.home, resolve(path!), options.name ?? '', context.signal)
    context.print({ ...run.identity, path: run.path }, `Imported as run ${run.identity.id}\n  ${run.path}`)
  })
}
