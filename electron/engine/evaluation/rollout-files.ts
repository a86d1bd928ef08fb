import { join } from 'node:path'
import { KinoraError } from '../../contract/errors.ts'
import type { RolloutOwner } from '../../contract/replay.ts'
import { RolloutLog, type RecordedRollout } from '../../evaluate/rollout-log.ts'
import type { Home } from '../../platform/paths.ts'
import type { PhrasingKind } from '../../sim/suites.ts'
import { worldVersion } from '../../sim/version.ts'
import { openRun, runFile, type RunFolder } from '../runs/run-folder.ts'

/**
 * Where the rollouts of a run's checkpoint lie: `.ndjson` while they are played, `.json` the finished evaluation. Tasks
 * said otherwise than usual have files of their own, which are no part of what the run is judged by.
 */
export function evaluationFile(run: Pick<RunFolder, 'path' | 'config'>, step: number, replanSteps: number, extension: 'json' | 'ndjson', phrasing: PhrasingKind = 'usual'): string {
  const replan = replanSteps === run.config.action.replanSteps ? '' : `-replan-${replanSteps}`
  return join(runFile.rollouts(run.path), `${phrasing === 'usual' ? 'evaluation' : `phrased-${phrasing}`}-${step}${replan}.${extension}`)
}

/** Rollouts of the baselines are the same for everybody, so they are kept in the cache. */
export function baselineLogFile(home: Home, name: string): string {
  return join(home.cache, 'baselines', `${name}.ndjson`)
}

export async function rolloutLogFile(home: Home, owner: RolloutOwner): Promise<string> {
  if (owner.kind === 'baseline') return baselineLogFile(home, owner.name)
  return evaluationFile(await openRun(join(home.runs, owner.runId)), owner.checkpointStep, owner.replanSteps, 'ndjson')
}

export function ownerName(owner: RolloutOwner): string {
  return owner.kind === 'baseline' ? owner.name : `${owner.runId} at step ${owner.checkpointStep}`
}

/** @throws KinoraError `not-found` when nobody played that world; `dataset-invalid` when it was another version of the simulator. */
export async function findRollout(home: Home, owner: RolloutOwner, task: string, seed: number): Promise<RecordedRollout> {
  const file = await rolloutLogFile(home, owner)
  const rollouts = await RolloutLog.read(file).catch((error: NodeJS.ErrnoException): RecordedRollout[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const found = rollouts.findLast((rollout) => rollout.task === task && rollout.seed === seed)
  if (found !== undefined) {
    const conditions = await RolloutLog.readConditions(file)
    if (conditions?.['worldVersion'] === worldVersion) return found
    // The same actions lead elsewhere in another world: what would be shown never happened.
    throw new KinoraError('dataset-invalid', `The rollout of ${ownerName(owner)} on ${task} with seed ${seed} was played in another version of the simulator, and cannot be rendered again.`, 'Evaluate that policy again: its rollouts are then played in this version.')
  }
  throw new KinoraError('not-found', `There is no rollout of ${ownerName(owner)} on ${task} with seed ${seed}.`, 'Evaluate that policy on this task and seed; its rollouts are kept as they end.')
}
