import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { tableCsv, tableMarkdown } from '../../contract/ablation-table.ts'
import { ablationSpecSchema, type Ablation, type AblationCell, type AblationRow, type AblationSpec } from '../../contract/ablation.ts'
import { errorSchema, KinoraError } from '../../contract/errors.ts'
import { resumableStates, type Rollout, type RunStatus } from '../../contract/run.ts'
import { ablationTable, type CellResult } from '../../evaluate/ablation.ts'
import { readMetrics } from '../../metrics/reader.ts'
import { ioError, writeFileAtomic } from '../../platform/fs-atomic.ts'
import { lockHolder } from '../../platform/process-lock.ts'
import type { Home } from '../../platform/paths.ts'
import { firstEvaluationSeeds } from '../../sim/suites.ts'
import { planAblation, type AblationPlan, type PlannedCell } from './ablation-plan.ts'
import { openRun, readStatus, runFile, slug, toJson } from '../runs/run-folder.ts'
import { readEvaluations } from '../runs/run-summary.ts'

/**
 * An ablation is a folder `<home>/ablations/<id>` with its description; all else is read from the runs that it names. The
 * id comes from the description, and a run's id from ablation, arm and seed: whoever starts the same description again
 * finds what there is already, and goes on.
 */
export interface AblationFolder {
  readonly id: string
  readonly path: string
  readonly createdAt: number
  readonly spec: AblationSpec
  readonly plan: AblationPlan
  /** Ids of the tasks that every run is judged on; none where validation losses alone are compared. */
  readonly tasks: readonly string[]
}

const fileSchema = z.object({ createdAt: z.number(), spec: ablationSpecSchema, tasks: z.array(z.string()) })

const ablationsFolder = (home: Home): string => join(home.root, 'ablations')
export const ablationLock = (path: string): string => join(path, '.lock')

export function ablationId(spec: AblationSpec): string {
  return `${slug(spec.name)}-${createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 8)}`
}

export const cellRunId = (ablation: { readonly id: string }, { arm, seed }: Pick<PlannedCell, 'arm' | 'seed'>): string => `${ablation.id}-arm${arm + 1}-seed${seed}`

export function cellRunName({ spec, plan }: Pick<AblationFolder, 'spec' | 'plan'>, { arm, seed }: Pick<PlannedCell, 'arm' | 'seed'>): string {
  return `${spec.name}: ${plan.arms[arm]!.label}, seed ${seed}`.slice(0, 120)
}

/** Writes the description of an ablation that was checked. @param tasks that every run is judged on */
export async function writeAblation(home: Home, spec: AblationSpec, tasks: readonly string[], now: number): Promise<AblationFolder> {
  const id = ablationId(spec)
  const path = join(ablationsFolder(home), id)
  await mkdir(path, { recursive: true })
  await writeFileAtomic(join(path, 'ablation.json'), toJson({ createdAt: now, spec, tasks }))
  return openAblation(home, id)
}

/** @throws KinoraError `not-found`, `config-invalid` */
export async function openAblation(home: Home, id: string): Promise<AblationFolder> {
  const path = join(ablationsFolder(home), id)
  let text: string
  try {
    text = await readFile(join(path, 'ablation.json'), 'utf8')
  } catch (error) {
    const known = await listAblationIds(home)
    throw new KinoraError('not-found', `There is no ablation "${id}".`, known.length === 0 ? 'Start one: kinora ablate matrix.json' : `There are ${known.join(', ')}.`, { cause: error })
  }
  const parsed = fileSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new KinoraError('config-invalid', `${path} does not describe an ablation: ${parsed.error.issues[0]?.message}.`, 'Start it again from its matrix file.')
  return { id, path, ...parsed.data, plan: planAblation(parsed.data.spec) }
}

export async function listAblationIds(home: Home): Promise<string[]> {
  const names = await readdir(ablationsFolder(home)).catch((): string[] => [])
  return names.filter((name) => !name.startsWith('.')).sort()
}

/** Where a deleted ablation waits to be restored: beside the others, under a name that no list shows. */
const deletedFolder = (home: Home, id: string): string => join(ablationsFolder(home), '.deleted', id)

/** Sets the ablation aside whole, with one rename; its runs stay. @throws KinoraError `usage` while a program runs it */
export async function deleteAblation(home: Home, { id, path }: Pick<AblationFolder, 'id' | 'path'>): Promise<void> {
  if ((await lockHolder(ablationLock(path))) !== null) throw new KinoraError('usage', `The ablation ${id} is running and cannot be deleted.`, 'Pause it first.')
  const aside = deletedFolder(home, id)
  try {
    await mkdir(dirname(aside), { recursive: true })
    // One of the same description that was deleted before.
    await rm(aside, { recursive: true, force: true })
    await rename(path, aside)
  } catch (error) {
    throw ioError(error, `delete the ablation ${id}`)
  }
}

/** @throws KinoraError `not-found`; `usage` where the same description was started anew meanwhile */
export async function restoreAblation(home: Home, id: string): Promise<void> {
  if ((await listAblationIds(home)).includes(id)) throw new KinoraError('usage', `There is an ablation ${id} again: the same description was started anew.`, 'It has the same runs; nothing is missing.')
  try {
    await rename(deletedFolder(home, id), join(ablationsFolder(home), id))
  } catch (error) {
    throw ioError(error, `restore the ablation ${id}`)
  }
}

/** Rollouts of a run's last checkpoint on every world that the ablation asks for; null until all are played. */
export async function rolloutsOf({ spec, tasks }: AblationFolder, runPath: string, step: number): Promise<Rollout[] | null> {
  const { seedsPerTask, replanSteps } = spec.evaluation
  const { config } = await openRun(runPath)
  const evaluation = (await readEvaluations(runPath)).findLast((one) => one.checkpointStep === step && one.replanSteps === (replanSteps ?? config.action.replanSteps))
  const seeds = new Set(firstEvaluationSeeds(seedsPerTask))
  // A run may have been judged on more worlds than these.
  const rollouts = evaluation?.rollouts.filter(({ task, seed }) => tasks.includes(task) && seeds.has(seed)) ?? []
  return rollouts.length === tasks.length * seedsPerTask ? rollouts : null
}

const failuresFile = (path: string): string => join(path, 'failures.json')
const failuresSchema = z.record(z.string(), errorSchema)
/** Runs that could not be made or judged, and why, by run id. Why a training failed stands in its run. */
export type Failures = z.infer<typeof failuresSchema>

export async function readFailures({ path }: Pick<AblationFolder, 'path'>): Promise<Failures> {
  const text = await readFile(failuresFile(path), 'utf8').catch(() => null)
  if (text === null) return {}
  try {
    return failuresSchema.parse(JSON.parse(text))
  } catch {
    // Damaged by hand: those runs are tried again.
    return {}
  }
}

export function keepFailures({ path }: Pick<AblationFolder, 'path'>, failures: Failures): Promise<void> {
  return writeFileAtomic(failuresFile(path), toJson(failures))
}

/** The table as files, beside the description. */
export async function keepTable({ path }: AblationFolder, ablation: Ablation): Promise<void> {
  await writeFileAtomic(join(path, 'table.json'), toJson(ablation))
  await writeFileAtomic(join(path, 'table.csv'), tableCsv(ablation))
  await writeFileAtomic(join(path, 'table.md'), tableMarkdown(ablation))
}

/** One run of an ablation, and what it gave once it is done. */
export interface ReadCell {
  readonly cell: AblationCell
  readonly result: CellResult | null
}

/**
 * Where every run of the ablation is, and the table of those that are done.
 * @param done what is known of runs that are done, by run id: these are not read again, and new ones are added
 * @param shown a run as its reader knows it better
 */
export async function readAblation(home: Home, folder: AblationFolder, done: Map<string, ReadCell> = new Map(), shown: (cell: AblationCell) => AblationCell = (cell) => cell): Promise<Ablation> {
  const read: ReadCell[] = []
  const failures = await readFailures(folder)
  for (const planned of folder.plan.cells) {
    const runId = cellRunId(folder, planned)
    const one = done.get(runId) ?? (await readCell(home, folder, planned, failures))
    if (one.cell.state === 'done') done.set(runId, one)
    read.push(one)
  }
  const cells = read.map(({ cell }) => shown(cell))
  const isRunning = (await lockHolder(ablationLock(folder.path))) !== null
  const table: AblationRow[] = ablationTable(folder.plan.arms.map(({ label }) => label), read.flatMap(({ result }) => result ?? []))
  return { id: folder.id, createdAt: folder.createdAt, spec: folder.spec, state: stateOf(cells, isRunning), arms: [...folder.plan.arms], cells, table }
}

function stateOf(cells: readonly AblationCell[], isRunning: boolean): Ablation['state'] {
  if (isRunning) return 'running'
  if (cells.every(({ runState }) => runState === null)) return 'queued'
  if (cells.some(({ state }) => state !== 'done' && state !== 'failed')) return 'paused'
  return cells.some(({ state }) => state === 'failed') ? 'failed' : 'finished'
}

async function readCell(home: Home, folder: AblationFolder, planned: PlannedCell, failures: Failures): Promise<ReadCell> {
  const runIdOfCell = cellRunId(folder, planned)
  const path = join(home.runs, runIdOfCell)
  const base = { arm: planned.arm, seed: planned.seed, runId: runIdOfCell }
  const status: RunStatus | null = await openRun(path).then(() => readStatus(path), () => null)
  const error = failures[runIdOfCell] ?? null
  if (status === null) return { cell: { ...base, state: error ? 'failed' : 'waiting', runState: null, error }, result: null }
  if (status.state !== 'finished') {
    const state = status.state === 'failed' ? 'failed' : resumableStates.includes(status.state) || status.state === 'queued' ? 'waiting' : 'training'
    return { cell: { ...base, state, runState: status.state, error: status.error }, result: null }
  }
  const wantsRollouts = folder.spec.evaluation.seedsPerTask > 0
  const rollouts = wantsRollouts ? await rolloutsOf(folder, path, status.step) : null
  if (wantsRollouts && rollouts === null) return { cell: { ...base, state: error ? 'failed' : 'trained', runState: status.state, error }, result: null }
  const metrics = await readMetrics(runFile.metrics(path))
  const validation = Object.fromEntries(Object.entries(metrics.last()).flatMap(([name, value]) => (name.startsWith('val/') && value !== null ? [[name, value]] : [])))
  return { cell: { ...base, state: 'done', runState: status.state, error: null }, result: { arm: planned.arm, seed: planned.seed, rollouts, validation } }
}
