import { spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median, quantile } from '../../electron/base/statistics.ts'
import type { BenchRow } from '../../electron/commands/bench.ts'
import { withHugePages } from '../../electron/platform/compute-process.ts'
import { eventLoopP99Ms, policyRows } from './tensor/policy.ts'

const rounds = 5
const stepsPerRound = 3
/** Processes that the first step is timed in. */
const fresh = 5

/** A process that trains on request: see worker.ts and torch_step.py. */
class Trainer {
  #child: ChildProcess
  #lines: AsyncIterator<string>
  #reader: Interface

  constructor(command: string, args: readonly string[], env = process.env) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
    this.#reader = createInterface(this.#child.stdout!)
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async next(): Promise<Record<string, never>> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('The benchmark process ended early; its error is above.')
    return JSON.parse(value as string) as Record<string, never>
  }

  ask(line: string): Promise<Record<string, never>> {
    this.#child.stdin!.write(`${line}\n`)
    return this.next()
  }

  stop(): void {
    this.#child.kill()
  }
}

/** A python with torch: KINORA_TORCH_PYTHON, else python3; null when it has none. */
async function findTorch(): Promise<string | null> {
  const python = process.env.KINORA_TORCH_PYTHON ?? 'python3'
  return new Promise((resolve) => {
    const child = spawn(python, ['-c', 'import torch'], { stdio: 'ignore' })
    child.on('error', () => resolve(null))
    child.on('close', (code) => resolve(code === 0 ? python : null))
  })
}

/** PyTorch starts as its users start it. */
function withoutHugePages(): NodeJS.ProcessEnv {
  return { ...process.env, GLIBC_TUNABLES: (process.env.GLIBC_TUNABLES ?? '').replace(/:?glibc\.malloc\.hugetlb=1/, '') }
}

const file = (name: string): string => fileURLToPath(new URL(`./tensor/${name}`, import.meta.url))

/** In a process of its own. */
async function firstStepS(name: string, threads: number): Promise<number> {
  const trainer = new Trainer(process.execPath, [file('worker.ts'), name, String(threads), device], withHugePages())
  try {
    return Number((await trainer.next()).firstStepS)
  } finally {
    trainer.stop()
  }
}

/** KINORA_BENCH_DEVICE takes another provider than the processor's, beside PyTorch on CUDA; the targets are the processor's. */
const device = process.env.KINORA_BENCH_DEVICE ?? 'onnx-cpu'
const isProcessor = device === 'onnx-cpu'

/** Ours and PyTorch's step of one model, turn by turn, so that what else the machine does hits both alike. */
async function compare(name: 'transformer' | 'vae', threads: number, target: number | undefined, python: string | null, suffix = ''): Promise<BenchRow[]> {
  const ours = new Trainer(process.execPath, [file('worker.ts'), name, String(threads), device], withHugePages())
  let theirs: Trainer | null = null
  try {
    // One after the other: the first step is timed, and the engine looks whether the machine is busy before it lets threads spin.
    const firstSteps = [Number((await ours.next()).firstStepS)]
    while (name === 'transformer' && firstSteps.length < fresh) firstSteps.push(await firstStepS(name, threads))
    theirs = python ? new Trainer(python, [file('torch_step.py'), name, String(threads), isProcessor ? 'cpu' : 'cuda'], withoutHugePages()) : null
    await theirs?.next()
    const times = { ours: [] as number[], theirs: [] as number[] }
    const ratios: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const own = (await ours.ask(`run ${stepsPerRound}`)).ms as unknown as number[]
      const other = theirs ? ((await theirs.ask(`run ${stepsPerRound}`)).ms as unknown as number[]) : []
      if (round === 0) continue // warm-up
      times.ours.push(...own)
      times.theirs.push(...other)
      if (theirs) ratios.push(median(own) / median(other))
    }
    const peakMiB = { ours: Number((await ours.ask('end')).peakBytes) / 2 ** 20, theirs: theirs ? Number((await theirs.ask('end')).peakBytes) / 2 ** 20 : NaN }
    const n = times.ours.length
    const spread = (values: readonly number[]): Pick<BenchRow, 'low' | 'high' | 'n'> => ({ n, low: quantile(values, 0.1), high: quantile(values, 0.9) })
    const label = `${name}${suffix}`
    const rows: BenchRow[] = [{ name: `${label}_step_ms`, value: median(times.ours), unit: 'ms', better: 'lower', ...spread(times.ours), note: threads === 1 ? '1 thread' : `${threads} threads` }]
    if (theirs) {
      rows.push(
        { name: `${label}_torch_ms`, value: median(times.theirs), unit: 'ms', better: 'lower', ...spread(times.theirs) },
        { name: `${label}_step_ratio`, value: median(ratios), unit: '', better: 'lower', target, n: ratios.length, low: Math.min(...ratios), high: Math.max(...ratios) },
        { name: `${label}_best_ratio`, value: Math.min(...times.ours) / Math.min(...times.theirs), unit: '', better: 'lower', n, note: 'fastest step of each: least disturbed' },
      )
    }
    if (suffix !== '') return rows
    if (name === 'transformer') rows.push({ name: 'first_step_s', value: median(firstSteps), unit: 's', better: 'lower', target: 3, n: firstSteps.length, low: Math.min(...firstSteps), high: Math.max(...firstSteps), note: 'loading, opening, initialising, compiling and the first step' })
    rows.push({ name: `${name}_memory_mb`, value: peakMiB.ours, unit: 'MiB', better: 'lower', n: 1, note: 'peak of the training process' })
    if (theirs) {
      const memory = name === 'transformer' ? 'memory_ratio' : 'vae_memory_ratio'
      rows.push({ name: memory, value: peakMiB.ours / peakMiB.theirs, unit: '', better: 'lower', target: 1.4, n: 1, note: `PyTorch: ${peakMiB.theirs.toFixed(0)} MiB` })
    }
    return rows
  } finally {
    ours.stop()
    theirs?.stop()
  }
}

export const parts = ['transformer', 'vae', 'policy'] as const

export default async function bench({ note = () => {}, only = [] }: { note?: (text: string) => void; only?: readonly string[] } = {}): Promise<BenchRow[]> {
  const runs = (part: (typeof parts)[number]): boolean => only.length === 0 || only.includes(part)
  const rows: BenchRow[] = []
  if (runs('transformer') || runs('vae')) {
    const python = await findTorch()
    if (!python) note('PyTorch was not found (python3, or KINORA_TORCH_PYTHON): no ratios.')
    const threads = availableParallelism()
    const suffix = isProcessor ? '' : `_${device}`
    const delayMs = await eventLoopP99Ms(async () => {
      if (runs('transformer')) {
        rows.push(...(await compare('transformer', threads, isProcessor ? 0.8 : undefined, python, suffix)))
        if (threads > 1 && isProcessor) rows.push(...(await compare('transformer', 1, undefined, python, '_1_thread')))
      }
      if (runs('vae')) rows.push(...(await compare('vae', threads, isProcessor ? 1.2 : undefined, python, suffix)))
    })
    rows.push({ name: 'event_loop_p99_ms', value: delayMs, unit: 'ms', better: 'lower', target: 50, n: 1, note: 'of this process while another trains' })
  }
  return runs('policy') ? [...rows, ...(await policyRows())] : rows
}
