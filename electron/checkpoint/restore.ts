import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostTensors } from '../base/host-tensor.ts'
import { KinoraError } from '../contract/errors.ts'
import { readSafetensors } from '../formats/safetensors.ts'
import { checkpointFolder, listSteps } from './folders.ts'
import { groupFile, groupOf, metaName, type Manifest } from './manifest.ts'
import { verifyCheckpoint } from './verify.ts'

export interface CheckpointEntry {
  readonly step: number
  readonly path: string
  readonly isValid: boolean
  /** What is wrong with it; null if nothing. */
  readonly reason: string | null
}

export interface Skipped {
  readonly step: number
  readonly reason: string
}

/** A verified checkpoint whose tensors are read when asked for. */
export interface Checkpoint {
  readonly step: number
  readonly path: string
  readonly meta: unknown
  readonly groups: readonly string[]
  /** Newer checkpoints that are damaged, newest first. */
  readonly skipped: readonly Skipped[]
  /** All tensors of a group under their full names; none where the checkpoint has no such group. */
  read(group: string): Promise<HostTensors>
}

/** Every checkpoint of a run, oldest first, with all hashes checked. */
export async function listCheckpoints(runPath: string): Promise<CheckpointEntry[]> {
  const entries: CheckpointEntry[] = []
  for (const step of await listSteps(runPath)) {
    const path = checkpointFolder(runPath, step)
    const { reason } = await verifyCheckpoint(path)
    entries.push({ step, path, isValid: reason === null, reason })
  }
  return entries
}

/**
 * Opens the newest checkpoint that is whole (`latest`), or exactly the one asked for: a result must not come from
 * another step than the one named. With `groups`, only these are hashed now and may be read.
 * @throws KinoraError `not-found` where there is none, `checkpoint-damaged` where none is whole.
 */
export async function openCheckpoint(runPath: string, step: number | 'latest' = 'latest', options: { groups?: readonly string[] } = {}): Promise<Checkpoint> {
  const steps = await listSteps(runPath)
  const wanted = step === 'latest' ? steps.toReversed() : steps.filter((candidate) => candidate === step)
  if (wanted.length === 0) {
    throw new KinoraError('not-found', step === 'latest' ? `${runPath} has no checkpoint yet.` : `${runPath} has no checkpoint ${step}.`, steps.length === 0 ? 'Let it train until its first checkpoint.' : `It has ${steps.join(', ')}.`)
  }
  const { groups } = options
  const isWanted = groups && ((name: string): boolean => name === metaName || groups.some((group) => name === groupFile(group)))
  const skipped: Skipped[] = []
  for (const candidate of wanted) {
    const path = checkpointFolder(runPath, candidate)
    const { manifest, reason } = await verifyCheckpoint(path, isWanted)
    if (manifest === null) skipped.push({ step: candidate, reason })
    else return await openVerified(candidate, path, manifest, skipped, groups)
  }
  const others = steps.filter((candidate) => !wanted.includes(candidate))
  throw new KinoraError(
    'checkpoint-damaged',
    `No checkpoint to load in ${runPath}: ${skipped.map((entry) => `step ${entry.step}: ${entry.reason}`).join('; ')}.`,
    others.length > 0 ? `Choose another one: ${others.join(', ')}.` : 'Copy the run again from its source, or start it anew.',
  )
}

/**
 * Reads a checkpoint into memory. `names` selects tensors by full name or by group prefix ending in a slash ('ema/');
 * all where left out.
 * @throws as {@link openCheckpoint}.
 */
export async function loadCheckpoint(
  runPath: string,
  step: number | 'latest' = 'latest',
  options: { names?: readonly string[] } = {},
): Promise<{ step: number; tensors: HostTensors; meta: unknown; skipped: readonly Skipped[] }> {
  const { names } = options
  const groups = names && [...new Set(names.map(groupOf))]
  const checkpoint = await openCheckpoint(runPath, step, { groups })
  const tensors: HostTensors = {}
  for (const group of groups ?? checkpoint.groups) {
    for (const [name, tensor] of Object.entries(await checkpoint.read(group))) {
      if (names === undefined || names.includes(name) || names.includes(`${group}/`)) tensors[name] = tensor
    }
  }
  return { step: checkpoint.step, tensors, meta: checkpoint.meta, skipped: checkpoint.skipped }
}

async function openVerified(step: number, path: string, manifest: Manifest, skipped: readonly Skipped[], wanted?: readonly string[]): Promise<Checkpoint> {
  const groups = Object.keys(manifest.files).filter((name) => name.endsWith('.safetensors')).map((name) => name.slice(0, -'.safetensors'.length))
  return {
    step,
    path,
    meta: JSON.parse(await readFile(join(path, metaName), 'utf8')) as unknown,
    groups,
    skipped,
    async read(group) {
      if (wanted && !wanted.includes(group)) throw new KinoraError('internal', `Group ${group} of ${path} was not verified when it was opened.`, 'Name it in `groups`.')
      return groups.includes(group) ? await readSafetensors(join(path, groupFile(group))) : {}
    },
  }
}
