import { existsSync, readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { TrainConfig } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'
import { activeStates, runStatusSchema, type RunStatus } from '../../contract/run.ts'
import { createFolderAtomic, ioError, writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import { isAlive, isStartTimeCheap, ownIdentity, pidExists, type ProcessIdentity } from '../../platform/process-table.ts'
import { kinoraVersion } from '../../platform/version.ts'
import { withImportedVae } from '../training/imported-vaes.ts'
import { parseTrainConfig } from './train-config.ts'

/**
 * A run is a folder and the folder is the only truth: `run.json` (who), `config.json` (what), `status.json` (how far),
 * `metrics/`, `checkpoints/`, `samples/`, `log.ndjson`, `rollouts/`. Whoever reads it never asks the process that writes it.
 */
const runIdentitySchema = z.object({ id: z.string().min(1), name: z.string(), createdAt: z.number(), kinora: z.string() })
export type RunIdentity = z.infer<typeof runIdentitySchema>

export interface RunFolder {
  readonly path: string
  readonly identity: RunIdentity
  readonly config: TrainConfig
}

export const runFile = {
  identity: (path: string) => join(path, 'run.json'),
  config: (path: string) => join(path, 'config.json'),
  status: (path: string) => join(path, 'status.json'),
  annotations: (path: string) => join(path, 'annotations.json'),
  log: (path: string) => join(path, 'log.ndjson'),
  /** What the engine process and its native libraries printed. */
  output: (path: string) => join(path, 'engine.log'),
  lock: (path: string) => join(path, '.lock'),
  metrics: (path: string) => join(path, 'metrics'),
  checkpoints: (path: string) => join(path, 'checkpoints'),
  rollouts: (path: string) => join(path, 'rollouts'),
  samples: (path: string) => join(path, 'samples'),
  report: (path: string) => join(path, 'report.html'),
}

export const idleStatus: RunStatus = {
  state: 'queued',
  pid: null,
  processStart: null,
  updatedAt: 0,
  phase: 'queued',
  step: 0,
  totalSteps: 0,
  stepsPerSecond: null,
  etaSeconds: null,
  provider: null,
  error: null,
}

/** What the configuration of an imported run calls its preset: it was trained elsewhere. */
export const importedPreset = 'imported'

export interface CreateRunOptions {
  readonly name: string
  readonly config: unknown
  readonly forHost?: boolean
  /** Start it though memory looks too short for it. */
  readonly ignoresMemory?: boolean
  /** Where an id is given, a run of that id that exists already is opened instead. */
  readonly id?: string
  /** For a run that was trained elsewhere: where it ended, and what else goes into its folder. */
  readonly imported?: { readonly status: Partial<RunStatus>; readonly fill: (folder: string) => Promise<void> }
}

/**
 * Makes a run folder in `<home>/runs`, whole or not at all. The run is queued: for this process to train (the default),
 * or for whichever host serves this home (`forHost`).
 * @throws KinoraError `config-invalid`, `disk-full`, `io`
 */
export async function createRun(home: Home, options: CreateRunOptions): Promise<RunFolder> {
  const config = parseTrainConfig(await withImportedVae(home, parseTrainConfig(options.config)))
  const createdAt = Date.now()
  const id = options.id ?? runId(options.name || config.preset, createdAt)
  if (options.id !== undefined && existsSync(runFile.identity(join(home.runs, id)))) return openRun(join(home.runs, id))
  const identity: RunIdentity = { id, name: options.name.trim() || id, createdAt, kinora: kinoraVersion() }
  const owner: ProcessIdentity | null = options.forHost === true ? null : await ownIdentity()
  const status: RunStatus = { ...idleStatus, ...(owner ?? {}), updatedAt: createdAt, totalSteps: config.steps, ...(options.ignoresMemory === true && { ignoresMemory: true }), ...options.imported?.status }
  const path = join(home.runs, id)
  await createFolderAtomic(path, async (folder) => {
    await writeFileAtomic(runFile.config(folder), toJson(config))
    await writeFileAtomic(runFile.status(folder), toJson(status))
    await options.imported?.fill(folder)
    await writeFileAtomic(runFile.identity(folder), toJson(identity))
  })
  return { path, identity, config }
}

/** `nano-20261122-190312-4f2a`: readable, sorts by time within a name, and is safe in paths and addresses. */
export function runId(name: string, createdAt: number, random: string = randomBytes(2).toString('hex')): string {
  const [day, time] = new Date(createdAt).toISOString().replaceAll(/[-:]|\..*$/g, '').split('T')
  return `${slug(name)}-${day}-${time}-${random}`
}

/** A name as it may stand in paths and addresses. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return plain || 'run'
}

/** @throws KinoraError `not-found` when there is no run, `config-invalid` when its files are damaged. */
export async function openRun(path: string): Promise<RunFolder> {
  const [identity, config] = await Promise.all([readJson(runFile.identity(path), path), readJson(runFile.config(path), path)])
  const parsed = runIdentitySchema.safeParse(identity)
  if (!parsed.success) {
    throw new KinoraError('config-invalid', `${runFile.identity(path)} does not describe a run: ${parsed.error.issues[0]?.message}.`, 'Restore the file, or move the folder out of runs/.')
  }
  return { path, identity: parsed.data, config: parseTrainConfig(config, runFile.config(path)) }
}

/** @throws KinoraError `not-found`; `config-invalid` when the file is no status. */
export async function readStatus(path: string): Promise<RunStatus> {
  const parsed = runStatusSchema.safeParse(await readJson(runFile.status(path), path))
  if (parsed.success) return parsed.data
  throw new KinoraError('config-invalid', `${runFile.status(path)} is no run status: ${parsed.error.issues[0]?.message}.`, 'Delete the file; the run can then be resumed from its last checkpoint.')
}

/** Whether the run waits at this very moment, whatever was read of it before. */
export function isQueuedNow(path: string): boolean {
  try {
    return runStatusSchema.parse(JSON.parse(readFileSync(runFile.status(path), 'utf8'))).state === 'queued'
  } catch {
    // Damaged or gone: `readStatus` says which when it is read again.
    return false
  }
}

export async function writeStatus(path: string, status: RunStatus): Promise<void> {
  await writeFileAtomic(runFile.status(path), toJson(status))
}

/**
 * Brings a status in line with the truth: a run whose process is gone while its status says active has crashed. The
 * corrected status is written, so that every reader agrees. A missing or damaged status counts as a crash, too.
 */
export async function reconcileRun(path: string, cause?: { message: string; hint: string }): Promise<RunStatus> {
  let status: RunStatus
  try {
    status = await readStatus(path)
  } catch (error) {
    if (!(error instanceof KinoraError) || (error.code !== 'config-invalid' && error.code !== 'not-found')) throw error
    const lost: RunStatus = { ...idleStatus, state: 'crashed', phase: 'crashed', updatedAt: Date.now(), error: error.toJSON() }
    await writeStatus(path, lost)
    return lost
  }
  const shouldLive = activeStates.includes(status.state) || (status.state === 'queued' && status.pid !== null)
  if (!shouldLive || (status.pid !== null && (await isOwnerAlive(status.pid, status)))) return status
  // The process may have written its last word between the first reading and its end.
  const latest = await readStatus(path)
  if (latest.state !== status.state || latest.updatedAt !== status.updatedAt) return latest.pid === null ? latest : reconcileRun(path, cause)
  const crashed: RunStatus = {
    ...latest,
    state: 'crashed',
    pid: null,
    processStart: null,
    stepsPerSecond: null,
    etaSeconds: null,
    updatedAt: Date.now(),
    error: {
      code: 'engine-crashed',
      message: cause?.message ?? `The engine process of this run (pid ${latest.pid}) ended without a word at step ${latest.step}, in phase ${latest.phase}.`,
      hint: cause?.hint ?? 'Nothing that was logged is lost. Resume the run: it continues at its last checkpoint.',
    },
  }
  await writeStatus(path, crashed)
  return crashed
}

/** A heartbeat so old means a dead owner where start times cannot be had and the pid may be another program's. */
const longSilenceMs = 600_000

async function isOwnerAlive(pid: number, { processStart, updatedAt }: RunStatus): Promise<boolean> {
  const silentMs = Date.now() - updatedAt
  if (processStart === null) return pidExists(pid) && silentMs < longSilenceMs
  // Asking for the start time many times a second is worth it only where that is cheap.
  if (!isStartTimeCheap && silentMs < 3000) return pidExists(pid)
  return isAlive({ pid, processStart })
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2) + '\n'
}

async function readJson(file: string, run: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      throw new KinoraError('not-found', `${run} is not a run folder: ${basename(file)} is missing.`, 'Give the folder of a run, one of those in runs/ of the Kinora home.', { cause: error })
    }
    throw ioError(error, `read ${file}`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new KinoraError('config-invalid', `${file} is not JSON: ${String((error as Error).message)}.`, 'Restore the file from a copy, or move the run folder away.', { cause: error })
  }
}
