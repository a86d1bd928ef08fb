#!/usr/bin/env node
/**
 * Starts the `kinora` command line on a Node that can run it. Plain JavaScript for any Node from 18 on: where the
 * running Node is too old, the same arguments go to the Node 24 that npm installed with Kinora. On Linux they go to
 * another process in any case: see hasHugePages.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants as osConstants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'electron', 'cli.ts')
const built = join(root, 'dist', 'electron', 'cli.js')
const entry = existsSync(source) ? source : built
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** Node 24 is what Kinora is written and tested for. */
const isPreferred = major >= 24
/** Node 22.18 strips types and has SQLite: enough when there is nothing better. */
const isUsable = isPreferred || (major === 22 && minor >= 18) || major === 23 && minor >= 6

/** Both as in electron/platform/compute-process.ts, for commands that compute in their own process. glibc reads its variable at the start only. */
const hugePages = 'glibc.malloc.hugetlb'
const computeFlags = ['--max-semi-space-size=8']
const hasHugePages = process.platform !== 'linux' || (process.env.GLIBC_TUNABLES ?? '').includes(hugePages)

/** The Node 24 of this installation; undefined when its package was left out. */
function ownNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const candidates = [join(root, 'node_modules', name, 'bin', file)]
  try {
    // Kinora may itself be a dependency, with its packages hoisted beside it.
    candidates.push(join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', file))
  } catch {
    // Not installed: the first candidate decides.
  }
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function runHere() {
  if (!isPreferred) silenceExperimentalWarnings()
  return import(pathToFileURL(entry).href)
}

/** Node 22 announces type stripping and SQLite as experimental, here and in every process that Kinora starts. */
function silenceExperimentalWarnings() {
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --disable-warning=ExperimentalWarning`.trim()
  const emit = process.emitWarning
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === 'object' ? rest[0]?.type : rest[0]
    if (type !== 'ExperimentalWarning' && warning?.name !== 'ExperimentalWarning') emit.call(process, warning, ...rest)
  }
}

/** Hands over to `node` and becomes transparent: signals go down, the exit code comes up. */
function runOn(node) {
  // The channel tells the child when this process is gone, even by SIGKILL, so that no orphan keeps computing.
  const env = { ...process.env, KINORA_LAUNCHER: String(process.pid) }
  if (!hasHugePages) env.GLIBC_TUNABLES = [env.GLIBC_TUNABLES, `${hugePages}=1`].filter(Boolean).join(':')
  const child = spawn(node, [...computeFlags, entry, ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env })
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']
  for (const signal of forwarded) {
    try {
      process.on(signal, () => {
        // A console event on Windows reaches every process of the console by itself, and kill() there ends at once.
        // Elsewhere a terminal's Ctrl-C reaches the group and this copy comes on top: the command line takes
        // interrupts that arrive together as one.
        if (process.platform !== 'win32') child.kill(signal)
      })
    } catch {
      // This platform has no such signal.
    }
  }
  child.on('error', (error) => fail(`Could not start ${node}: ${error.message}`, 'Run "npm ci" again, or use Node 24 or newer.', 70))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 70)
    for (const name of forwarded) process.removeAllListeners(name)
    process.exitCode = 128 + (osConstants.signals[signal] ?? 0)
    // Ends as the child ended, so that a shell's loop stops at Ctrl-C.
    process.kill(process.pid, signal)
    setTimeout(() => process.exit(), 100)
  })
}

function fail(message, hint, exitCode) {
  if (process.argv.includes('--json')) process.stdout.write(JSON.stringify({ error: { code: 'internal', message, hint } }) + '\n')
  process.stderr.write(`kinora: ${message}\n  ${hint}\n`)
  process.exit(exitCode)
}

const other = isPreferred ? (hasHugePages ? undefined : process.execPath) : ownNode()
if (!existsSync(entry)) fail(`This installation is incomplete: ${source} is missing.`, 'Clone or install Kinora again.', 70)
else if (other !== undefined) runOn(other)
else if (isUsable) await runHere()
else {
  fail(
    `Kinora needs Node 24; this is Node ${process.versions.node}, and the Node 24 that comes with Kinora is not installed.`,
    'Run "npm ci" in the Kinora folder without --omit=optional, or install Node 24 or newer.',
    70,
  )
}
