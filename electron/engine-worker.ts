/**
 * The engine process: `engine-worker desk <home>` reads data for the page, `engine-worker job <home> <run folder>` trains
 * one run and ends, `engine-worker evaluate <home> <request>` plays one evaluation and ends. Started by the host (fork,
 * or utilityProcess in Electron).
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodes, KinoraError } from './contract/errors.ts'
import { parentChannel } from './platform/child-process.ts'
import { FileLog } from './platform/log.ts'
import type { EvaluationRequest } from './contract/evaluate.ts'
import { resolveHome } from './platform/paths.ts'
import { useEntryRunner } from './platform/run-entry.ts'
import { entriesByHost } from './engine/entries-by-host.ts'

// Found by the role's name: where the arguments begin differs between Node and Electron's utility processes.
const roles = ['desk', 'job', 'evaluate']
const [role, root, subject] = process.argv.slice(Math.max(1, process.argv.findIndex((argument) => roles.includes(argument))))

async function main(): Promise<number> {
  const home = resolveHome(root)
  const channel = parentChannel()
  if (channel !== null && 'electron' in process.versions) useEntryRunner(entriesByHost(channel))
  if (role === 'job' && subject !== undefined) {
    process.title = 'kinora job'
    const { serveJob } = await import('./engine/training/job-process.ts')
    const status = await serveJob(home, subject, channel)
    return status.error === null ? 0 : exitCodes[status.error.code]
  }
  if (role === 'evaluate' && subject !== undefined) {
    process.title = 'kinora evaluate'
    const { serveEvaluation } = await import('./engine/evaluation/evaluation-process.ts')
    return (await serveEvaluation(home, JSON.parse(subject) as EvaluationRequest, channel)) ? 0 : exitCodes.interrupted
  }
  if (role === 'desk' && channel !== null) {
    process.title = 'kinora desk'
    // The host ends the desk by message; a Ctrl-C in the terminal reaches the whole group and must not come first.
    process.on('SIGINT', () => {})
    mkdirSync(join(home.cache, 'logs'), { recursive: true })
    const log = new FileLog(join(home.cache, 'logs', 'desk.ndjson'), { maxBytes: 5_000_000 })
    const { serveDesk } = await import('./engine/desk/desk-process.ts')
    await serveDesk(home, channel, log.log)
    await log.close()
    return 0
  }
  throw new KinoraError('usage', `engine-worker got ${JSON.stringify(process.argv.slice(2))}.`, 'It is started by Kinora itself: desk <home>, job <home> <run folder>, or evaluate <home> <request>.')
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = KinoraError.from(error)
    process.stderr.write(`${known.message} ${known.hint}\n${known.code === 'internal' && error instanceof Error ? error.stack : ''}\n`)
    process.exit(exitCodes[known.code])
  },
)
