import type { Command } from 'commander'
import { wholeNumber, withCommonOptions, type CommonOptions, type Context } from './context.ts'
import { examples, type Bind } from './command.ts'

interface ServeOptions extends CommonOptions {
  readonly port?: number
  readonly open?: boolean
}

export function registerServe(program: Command, bind: Bind): void {
  const command = program.command('serve')
  command
    .description('Serve the workbench page on this machine alone (loopback), guarded by a one-time token. For GPU servers and remote work.')
    .option('--port <number>', 'port to listen on (default: 0, any free one)', wholeNumber(0, 65535))
    .option('--open', 'open the page in a browser')
    .addHelpText('after', examples(['kinora serve', 'kinora serve --port 7860', 'ssh -L 7860:127.0.0.1:7860 gpu-server   # then open the printed address here']))
  withCommonOptions(command, { json: true })
  bind<ServeOptions>(command, (context, options) => serve(context, { port: options.port, openBrowser: options.open === true }))
}

/** Serves until Ctrl-C. */
export async function serve(context: Context, options: { port?: number; openBrowser: boolean }): Promise<void> {
  context.interrupts.message = 'Stopping the host. Runs that it started are paused and keep their checkpoints.'
  const { startHeadless } = await import('../host/server.ts')
  // The host first: a port in use or a second instance is told before time goes into building the page.
  const host = await startHeadless({ home: context.home, port: options.port ?? 0 })
  try {
    const { ensurePage } = await import('./build.ts')
    await ensurePage(context)
    if (options.openBrowser) {
      const { openBrowser } = await import('../host/open-browser.ts')
      void openBrowser(host.newUrl())
    }
    context.print({ url: host.url }, pageText(host.url))
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve()
      else context.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    await host.close()
  }
}

function pageText(url: string): string {
  const lines = [`Kinora is at ${url}`, 'The address holds a one-time token: it opens the page once, in one browser.']
  if (isRemote()) {
    const { port } = new URL(url)
    lines.push(`On another machine? Forward the port, then open the same address there: ssh -L ${port}:127.0.0.1:${port} ${process.env.USER ?? 'user'}@this-machine`)
  }
  lines.push('Ctrl-C ends it.')
  return lines.join('\n')
}

/** Whether the person sits at another machine. */
export function isRemote(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment.SSH_CONNECTION !== undefined || environment.SSH_TTY !== undefined
}
