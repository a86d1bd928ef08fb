import { spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median, quantile } from '../../electron/base/statistics.ts'
import type { BenchRow } from '../../electron/commands/bench.ts'
import { withHugePages } from '../../electron/platform/compute-process.ts'
import { eventLoopP99Ms, policyRows } from './tensor/policy.ts'

const rounds = 9
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

  /** Threads of both runtimes spin for a while after a run, which would slow the other's. Windows cannot: there they do. */
  pause(isPaused: boolean): void {
    if (process.platform !== 'win32') this.#child.kill(isPaused ? 'SIGSTOP' : 'SIGCONT')
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

/** What one process took: every step, and the median of each round. */
interface Times {
  readonly ms: number[]
  readonly medians: number[]
}

/** Steps of each in turn, while the others stand still: what else the machine does hits all alike. */
async function alternate(trainers: readonly Trainer[]): Promise<Map<Trainer, Times>> {
  const times = new Map<Trainer, Times>(trainers.map((trainer) => [trainer, { ms: [], medians: [] }]))
  for (let round = 0; round <= rounds; round++) {
    for (const trainer of trainers) {
      for (const other of trainers) other.pause(other !== trainer)
      const ms = (await trainer.ask(`run ${stepsPerRound}`)).ms as unknown as number[]
      if (round === 0) continue // warm-up
      times.get(trainer)!.ms.push(...ms)
      times.get(trainer)!.medians.push(median(ms))
    }
  }
  for (const trainer of trainers) trainer.pause(false)
  return times
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

/** Of all steps, from the tenth quickest of a hundred to the tenth slowest. */
const ofSteps = ({ ms }: Times): Pick<BenchRow, 'value' | 'unit' | 'better' | 'n' | 'low' | 'high'> => ({ value: median(ms), unit: 'ms', better: 'lower', n: ms.length, low: quantile(ms, 0.1), high: quantile(ms, 0.9) })

/** Round by round. */
function ratioOf(own: Times, other: Times): Pick<BenchRow, 'value' | 'unit' | 'better' | 'n' | 'low' | 'high'> {
  const ratios = own.medians.map((value, round) => value / other.medians[round]!)
  return { value: median(ratios), unit: '', better: 'lower', n: ratios.length, low: Math.min(...ratios), high: Math.max(...ratios) }
}

/** Ours and PyTorch's step of one model. */
async function compare(name: 'transformer' | 'vae', threads: number, target: number | undefined, python: string | null, suffix = ''): Promise<BenchRow[]> {
  const trainers: Trainer[] = []
  const start = (command: string, args: readonly string[], env: NodeJS.ProcessEnv): Trainer => {
    const trainer = new Trainer(command, args, env)
    trainers.push(trainer)
    return trainer
  }
  const startOurs = (model: string): Trainer => start(process.execPath, [file('worker.ts'), model, String(threads), device], withHugePages())
  try {
    const ours = startOurs(name)
    // One after the other: the first step is timed, and the engine looks whether the machine is busy before it lets threads spin.
    const firstSteps = [Number((await ours.next()).firstStepS)]
    ours.pause(true)
    while (name === 'transformer' && firstSteps.length < fresh) firstSteps.push(await firstStepS(name, threads))
    ours.pause(false)
    const theirs = python ? start(python, [file('torch_step.py'), name, String(threads), isProcessor ? 'cpu' : 'cuda'], withoutHugePages()) : null
    await theirs?.next()
    const products = name === 'transformer' && suffix === '' ? startOurs('products') : null
    await products?.next()
    const times = await alternate(trainers)
    const own = times.get(ours)!
    const label = `${name}${suffix}`
    const rows: BenchRow[] = [{ name: `${label}_step_ms`, ...ofSteps(own), note: threads === 1 ? '1 thread' : `${threads} threads` }]
    if (products) rows.push({ name: `${label}_products_ms`, ...ofSteps(times.get(products)!), note: "the step's matrix products and nothing else" })
    if (theirs) {
      const other = times.get(theirs)!
      rows.push(
        { name: `${label}_torch_ms`, ...ofSteps(other) },
        { name: `${label}_step_ratio`, ...ratioOf(own, other), target },
        { name: `${label}_best_ratio`, value: Math.min(...own.ms) / Math.min(...other.ms), unit: '', better: 'lower', n: own.ms.length, note: 'fastest step of each: least disturbed' },
      )
      if (products) rows.push({ name: `${label}_products_ratio`, ...ratioOf(times.get(products)!, other), note: "products alone, of PyTorch's whole step: no step on onnxruntime is below" })
    }
    if (suffix !== '') return rows
    if (name === 'transformer') rows.push({ name: 'first_step_s', value: median(firstSteps), unit: 's', better: 'lower', target: 3, n: firstSteps.length, low: Math.min(...firstSteps), high: Math.max(...firstSteps), note: 'loading, opening, initialising, compiling and the first step' })
    const peakMiB = async (trainer: Trainer): Promise<number> => Number((await trainer.ask('end')).peakBytes) / 2 ** 20
    const ownPeak = await peakMiB(ours)
    rows.push({ name: `${name}_memory_mb`, value: ownPeak, unit: 'MiB', better: 'lower', n: 1, note: 'peak of the training process' })
    if (theirs) {
      const theirPeak = await peakMiB(theirs)
      rows.push({ name: name === 'transformer' ? 'memory_ratio' : 'vae_memory_ratio', value: ownPeak / theirPeak, unit: '', better: 'lower', target: 1.4, n: 1, note: `PyTorch: ${theirPeak.toFixed(0)} MiB` })
    }
    return rows
  } finally {
    for (const trainer of trainers) trainer.stop()
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
