/**
 * The headless host as a program of its own: `headless [--home <folder>] [--port <number>] [--open]`. Prints the address
 * and serves until SIGINT or SIGTERM; a second one ends it at once.
 */
import { parseArgs } from 'node:util'
import { exitCodes, KinoraError } from './contract/errors.ts'
import { resolveHome } from './platform/paths.ts'
import { startHeadless } from './host/server.ts'

async function main(): Promise<void> {
  const options = readOptions()
  const host = await startHeadless(options)
  process.stdout.write(`Kinora is at ${host.url}\nThe address opens the page once, in one browser on this machine. Ctrl-C ends it.\n`)
  await new Promise<void>((resolve) => {
    let asked = 0
    const end = (): void => {
      if (asked++ > 0) process.exit(exitCodes.interrupted)
      process.stdout.write('Closing. Runs that train are paused and keep their checkpoints.\n')
      resolve()
    }
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
  })
  await host.close()
}

function readOptions(): { home: ReturnType<typeof resolveHome>; port: number; openBrowser: boolean } {
  try {
    const { values } = parseArgs({ options: { home: { type: 'string' }, port: { type: 'string', default: '0' }, open: { type: 'boolean', default: false } } })
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) throw new Error(`--port must be a number from 0 to 65535, got "${values.port}".`)
    return { home: resolveHome(values.home), port: Number(values.port), openBrowser: values.open }
  } catch (error) {
    throw new KinoraError('usage', (error as Error).message, 'Usage: headless [--home <folder>] [--port <number>] [--open]', { cause: error })
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const known = KinoraError.from(error)
    process.stderr.write(`${known.message}\n${known.hint}\n`)
    if (known.code === 'internal' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    process.exit(exitCodes[known.code])
  },
)
