import { mkdir, readFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { quantile } from '../../base/statistics.ts'
import { liberoDimensions } from '../../model/parameter-counts.ts'
import { presetConfig } from '../../model/presets.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import { runEntry } from '../../platform/run-entry.ts'
import type { Provider } from '../../tensor/provider.ts'
import { answerOf, resultMark } from '../../tensor/registry/probe.ts'
import { trainStepCost, vaeStepCost, type StepCost } from '../../trainer/step-cost.ts'
import { timedTrainStep, timedVaeStep, timeInTurn, type TimedStep } from './step-timing.ts'

/**
 * How fast a provider trains here. Matrix products, everything else and the start of each operator have a speed of their own;
 * they are fitted to real training steps of small policies, which schedule, allocate and miss caches as those to come will.
 * Convolutions are slower than products, so the autoencoder has a factor of its own.
 */
export interface MachineSpeed {
  readonly secondsPerFlop: number
  readonly secondsPerByte: number
  readonly secondsPerOperator: number
  readonly vaeFactor: number
}

/** Seconds of the steps that were timed, by their names. */
const timesSchema = z.record(z.string(), z.number().positive())
const fileSchema = z.record(z.string(), z.object({ version: z.literal(6), freshUntil: z.number(), times: timesSchema }))
type Measured = z.infer<typeof fileSchema>[string]

/** A machine that was busy when it was timed gets another chance soon: of each step the fastest that was ever seen counts. */
const freshMs = { idle: 7 * 24 * 3600 * 1000, busy: 10 * 60 * 1000 }
/** Half the cores at work for others make what is timed here slow. Windows tells no load. */
const isBusy = (): boolean => loadavg()[0]! > 0.5 * cpus().length

export const stepSeconds = ({ matrixFlops, movedBytes, operators }: StepCost, { secondsPerFlop, secondsPerByte, secondsPerOperator }: Omit<MachineSpeed, 'vaeFactor'>): number =>
  matrixFlops * secondsPerFlop + movedBytes * secondsPerByte + operators * secondsPerOperator

/** Policies whose steps are timed, as few as tell the speeds apart: a small step, one where products weigh much, one whose values do not fit into the caches. */
const probes = {
  'pico': () => presetConfig('pico', 'none'),
  'nano, 64 at once': () => ({ ...presetConfig('nano', 'none'), batchSize: 64 }),
  'tiny, 16 at once': () => ({ ...presetConfig('tiny', 'none'), batchSize: 16 }),
} as const
const turns = 1

/** Measurements under way in this process: who asks meanwhile waits for the same one. */
const measuring = new Map<string, Promise<MachineSpeed>>()

/** Times what is needed, once per machine and week: takes some ten seconds. */
export function machineSpeed(home: Home, provider: Provider, threads: number, now = Date.now()): Promise<MachineSpeed> {
  const path = join(home.cache, 'machine-speed.json')
  const key = `${provider.name} ${provider.version} ${provider.deviceName} ${threads}`
  let speed = measuring.get(path + key)
  if (speed === undefined) {
    speed = keptSpeed(path, key, provider, threads, now).finally(() => measuring.delete(path + key))
    measuring.set(path + key, speed)
  }
  return speed
}

async function keptSpeed(path: string, key: string, provider: Provider, threads: number, now: number): Promise<MachineSpeed> {
  // None yet, or one of another version: measured anew.
  const known = await readFile(path, 'utf8').then((text) => fileSchema.parse(JSON.parse(text))).catch(() => ({}) as z.infer<typeof fileSchema>)
  const before: Measured | undefined = known[key]
  const wasBusy = isBusy()
  // Beside a run that trains, a doubtful speed is better than a slower run.
  if (before && (wasBusy || now < before.freshUntil)) return speedOf(before.times)
  const found = (await timesApart(provider, threads)) ?? (await timeProbes(provider))
  const times = Object.fromEntries(Object.entries(found).map(([name, seconds]) => [name, Math.min(seconds, before?.times[name] ?? Infinity)]))
  await mkdir(dirname(path), { recursive: true })
  await writeFileAtomic(path, `${JSON.stringify({ ...known, [key]: { version: 6, freshUntil: now + (wasBusy ? freshMs.busy : freshMs.idle), times } }, null, 2)}\n`)
  return speedOf(times)
}

/** The probes hold more memory than many a run: they are timed in a process of their own. Null where none starts. */
async function timesApart({ name }: Provider, threads: number): Promise<Measured['times'] | null> {
  const answer = answerOf(resultMark, await runEntry('probe-worker', ['speed', name, String(threads)], { timeoutMs: 300_000 }))
  return answer === undefined ? null : timesSchema.parse(answer)
}

/**
 * Seconds of a step of each probe: the lower quartile, as other programs only ever make a step slower. One session lives at
 * a time: the waiting threads of others would take up to half of the cores.
 */
export async function timeProbes(provider: Provider): Promise<Record<string, number>> {
  const opened: Record<string, () => TimedStep> = {
    ...Object.fromEntries(Object.entries(probes).map(([name, config]) => [name, () => timedTrainStep(provider, config(), liberoDimensions, 'latent')])),
    autoencoder: () => timedVaeStep(provider, presetConfig('nano', 'none')),
  }
  const times: Record<string, number> = {}
  for (const [name, open] of Object.entries(opened)) {
    const step = open()
    try {
      const [seconds] = await timeInTurn([step], turns)
      times[name] = quantile(seconds!, 0.25)
    } finally {
      step.dispose()
    }
  }
  return times
}

/** The speeds under which the probes' costs come nearest to their times. */
export function speedOf(times: Readonly<Record<string, number>>): MachineSpeed {
  const rows = Object.entries(probes).map(([name, config]) => {
    const probe = config()
    return { cost: trainStepCost(probe, liberoDimensions, 'latent')(probe.batchSize), seconds: times[name]! }
  })
  const speed = fitSpeed(rows)
  const nano = presetConfig('nano', 'none')
  return { ...speed, vaeFactor: times['autoencoder']! / stepSeconds(vaeStepCost(nano)(nano.vae.batchSize), speed) }
}

/** A row of costs (seconds are 1 for all): what each speed is to be multiplied with. */
type CostRow = readonly [flops: number, bytes: number, operators: number]
const costRow = ({ matrixFlops, movedBytes, operators }: Pick<StepCost, 'matrixFlops' | 'movedBytes' | 'operators'>): CostRow => [matrixFlops, movedBytes, operators]

/** Least squares of the relative errors over the three speeds, none of them negative. */
export function fitSpeed(rows: readonly { readonly cost: Pick<StepCost, 'matrixFlops' | 'movedBytes' | 'operators'>; readonly seconds: number }[]): Omit<MachineSpeed, 'vaeFactor'> {
  const scaled = rows.map(({ cost, seconds }) => costRow(cost).map((value) => value / seconds))
  // With so few speeds every choice of those that are not zero can be tried.
  const choices = [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]]
  const fits = choices.flatMap((columns) => {
    const solved = solve(columns.map((a) => columns.map((b) => sum(scaled, (row) => row[a]! * row[b]!))), columns.map((a) => sum(scaled, (row) => row[a]!)))
    if (solved === null || solved.some((value) => value < 0)) return []
    const speed = [0, 1, 2].map((column) => (columns.includes(column) ? solved[columns.indexOf(column)]! : 0))
    return [{ speed, error: sum(scaled, (row) => (row[0]! * speed[0]! + row[1]! * speed[1]! + row[2]! * speed[2]! - 1) ** 2) }]
  })
  const best = fits.reduce((one, other) => (other.error < one.error ? other : one))
  const [secondsPerFlop, secondsPerByte, secondsPerOperator] = best.speed as [number, number, number]
  return { secondsPerFlop, secondsPerByte, secondsPerOperator }
}

const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((total, row) => total + of(row), 0)

/** Gaussian elimination of a small symmetric system; null where it has no one solution. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const rows = matrix.map((row, at) => [...row, right[at]!])
  for (let at = 0; at < rows.length; at++) {
    const pivot = rows[at]![at]!
    if (!(Math.abs(pivot) > 1e-12 * matrix[at]![at]!)) return null
    for (let other = at + 1; other < rows.length; other++) {
      const factor = rows[other]![at]! / pivot
      rows[other] = rows[other]!.map((value, column) => value - factor * rows[at]![column]!)
    }
  }
  const found = new Array<number>(rows.length).fill(0)
  for (let at = rows.length - 1; at >= 0; at--) found[at] = (rows[at]!.at(-1)! - sum(found.map((value, column) => value * (column > at ? rows[at]![column]! : 0)), (value) => value)) / rows[at]![at]!
  return found
}
