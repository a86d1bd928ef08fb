import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import type { Estimate } from '../../../electron/contract/estimate.ts'
import { appRoot } from '../../../electron/platform/entry.ts'
import { folderBytes } from '../../../electron/platform/folder-bytes.ts'

/**
 * Runs that are started as a user starts them: all phases, validations, samples and checkpoints, in few steps, as memory
 * and disk do not grow with their number. The last three are no preset: the estimate must hold for what it was never
 * compared with.
 */
const runs: readonly { readonly name: string; readonly steps: number; readonly settings: readonly string[] }[] = [
  { name: 'pico', steps: 60, settings: ['--preset', 'pico'] },
  { name: 'nano', steps: 40, settings: ['--preset', 'nano'] },
  { name: 'tiny', steps: 12, settings: ['--preset', 'tiny'] },
  { name: 'action_only', steps: 40, settings: ['--preset', 'nano', '--set', 'motion.target=none'] },
  { name: 'batch_128', steps: 20, settings: ['--preset', 'nano', '--set', 'batchSize=128'] },
  { name: 'one_camera', steps: 24, settings: ['--preset', 'tiny', '--cameras', 'agentview', '--set', 'batchSize=24', '--set', 'motion.depth=3'] },
]
const vaeSteps = 20

/** Memory and disk of whole runs of `kinora train` over what `kinora estimate` said before. */
export async function wholeRunRows(signal: AbortSignal, note: (text: string) => void): Promise<BenchRow[]> {
  if (process.platform !== 'linux') {
    note('Whole runs are measured on Linux only: the memory that a process has held at most is read from /proc.')
    return []
  }
  const home = await mkdtemp(join(tmpdir(), 'kinora-estimate-'))
  try {
    await kinora(home, ['demos', '--task', 'tabletop-goal/push-button', '--episodes', '20', '--out', 'button'], signal)
    const rows: BenchRow[] = []
    for (const { name, steps, settings } of runs) {
      const every = steps / 2
      const all = [...settings, '--dataset', 'button', ...Object.entries({ steps, 'vae.steps': vaeSteps, 'validateEvery': every, 'sampleEvery': every, 'checkpointEvery': every }).flatMap(([field, value]) => ['--set', `${field}=${value}`])]
      const told = JSON.parse((await kinora(home, ['estimate', '--json', ...all], signal)).output) as Estimate
      const before = await folderBytes(home)
      const { heldBytes } = await kinora(home, ['train', '--name', name, ...all], signal)
      const writtenBytes = (await folderBytes(home)) - before
      const compared = (what: string, toldBytes: number, measured: number): BenchRow =>
        ({ name: `estimate_${what}_${name}`, value: toldBytes / measured, unit: '', better: 'lower', n: 1, target: 1.15, note: `estimate over measurement, 0.85 to 1.15; ${mib(toldBytes)} against ${mib(measured)} MiB` })
      rows.push(compared('memory', told.memory.totalBytes, heldBytes), compared('disk', told.disk.totalBytes, writtenBytes))
      note(`${name}: told ${mib(told.memory.totalBytes)}, held ${mib(heldBytes)} MiB`)
    }
    return rows
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(bytes < 2 ** 25 ? 1 : 0)

/** Runs the command line to its end. @returns what it printed, and the most memory that a process of it has held */
async function kinora(home: string, args: readonly string[], signal: AbortSignal): Promise<{ output: string; heldBytes: number }> {
  const child = spawn(process.execPath, [join(appRoot(), 'build', 'kinora.mjs'), ...args, '--home', home], { stdio: ['ignore', 'pipe', 'pipe'], signal, env: { ...process.env, GLIBC_TUNABLES: '' } })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)))
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  let heldBytes = 0
  let code: number | null | undefined
  while (code === undefined) {
    // What a process has held at most never falls: the last look before its end counts.
    code = await Promise.race([ended, setTimeout(50, undefined)])
    heldBytes = Math.max(heldBytes, ...(await Promise.all((await descendants(child.pid!)).map(peakOf))))
  }
  if (code !== 0) throw new Error(`kinora ${args.join(' ')} ended with ${code}: ${errors}`)
  return { output, heldBytes }
}

async function descendants(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch((): string[] => [])
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')))
  const children = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
  return [pid, ...(await Promise.all(children.map(descendants))).flat()]
}

async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
}
