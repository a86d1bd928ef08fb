import type { Command } from 'commander'
import type { Device } from '../contract/config.ts'
import { withCommonOptions, type CommonOptions } from './context.ts'
import { examples, type Bind } from './command.ts'

export interface DemoOptions extends CommonOptions {
  readonly device?: Device
}

export function registerDemo(program: Command, bind: Bind): void {
  const command = program.command('demo')
  command
    .description('The whole path in a few minutes: record demonstrations, train with and without the motion head, evaluate both, write a report.')
    .addHelpText('after', examples(['kinora demo', 'npm run demo'], 'Ctrl-C keeps what was made; running it again continues.'))
  withCommonOptions(command, { json: true, device: true })
  bind<DemoOptions>(command, async (context, options) => {
    const { runDemo } = await import('./demo-phases.ts')
    const result = await runDemo(context, options)
    context.print(
      result,
      `\nReport: ${result.report}\nNext: npm start   opens the workbench with these runs: loss curves, and predicted motion beside the true motion, frame by frame.`,
    )
  })
}
