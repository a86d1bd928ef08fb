import { runCommandLine } from './commands/program.ts'
import { processTerminal } from './commands/terminal.ts'

const exitCode = await runCommandLine(process.argv.slice(2), processTerminal())
process.exitCode = exitCode
// Native thread pools may keep the process; what had to be written is on disk, but a pipe may still hold output.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
process.exit(exitCode)
