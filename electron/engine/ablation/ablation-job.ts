import type { Ablation } from '../../contract/ablation.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Home } from '../../platform/paths.ts'
import { acquireLock } from '../../platform/process-lock.ts'
import { firstEvaluationSeeds } from '../../sim/suites.ts'
import type { TrainEvent } from '../../trainer/train.ts'
import { ablationLock, cellRunId, cellRunName, keepFailures, keepTable, readAblation, rolloutsOf, type AblationFolder, type Failures } from './ablation-folder.ts'
import type { PlannedCell } from './ablation-plan.ts'
import { evaluateRun } from '../evaluation/evaluation.ts'
import { createRun, reconcileRun, type RunFolder } from '../runs/run-folder.ts'
import { runTrainingJob } from '../training/training-job.ts'

export interface AblationJobOptions {
  readonly home: Home
  readonly folder: AblationFolder
  /** Aborting pauses: the run in progress writes a checkpoint, finished rollouts are kept. */
  readonly signal?: AbortSignal
  readonly onCell?: (cell: PlannedCell, index: number, run: RunFolder) => void
  readonly onTraining?: (event: TrainEvent) => void
  readonly onRollouts?: (done: number, total: number, successes: number) => void
  /** A run that failed: the others go on. */
  readonly onFailure?: (cell: PlannedCell, error: KinoraError) => void
}

/**
 * Trains and evaluates every run of an ablation that is not done, one after another, and keeps the table in its folder
 * after each. Started again after any end, a kill too, it goes on where it was.
 * @throws KinoraError `already-running`
 */
export async function runAblation(options: AblationJobOptions): Promise<Ablation> {
  const { home, folder, signal } = options
  const taken = await acquireLock(ablationLock(folder.path))
  if ('holder' in taken) throw new KinoraError('already-running', `Process ${taken.holder.pid} runs the ablation ${folder.id} already.`, 'Wait until it ends, or pause it first.')
  const failures: Failures = {}
  try {
    // Started again, all that failed is tried again.
    await keepFailures(folder, failures)
    for (const [index, cell] of folder.plan.cells.entries()) {
      if (signal?.aborted) break
      try {
        await runCell(options, cell, index)
      } catch (error) {
        if (signal?.aborted) break
        const known = KinoraError.from(error)
        failures[cellRunId(folder, cell)] = known.toJSON()
        await keepFailures(folder, failures)
        options.onFailure?.(cell, known)
      }
      await keepTable(folder, await readAblation(home, folder))
    }
  } finally {
    await taken.lock.release()
  }
  const ablation = await readAblation(home, folder)
  await keepTable(folder, ablation)
  return ablation
}

async function runCell(options: AblationJobOptions, cell: PlannedCell, index: number): Promise<void> {
  const { home, folder, signal } = options
  const run = await createRun(home, { id: cellRunId(folder, cell), name: cellRunName(folder, cell), config: cell.config })
  options.onCell?.(cell, index, run)
  let status = await reconcileRun(run.path)
  if (status.state !== 'finished') status = await runTrainingJob({ runPath: run.path, home, signal, onEvent: options.onTraining })
  if (status.state === 'failed') throw KinoraError.from(status.error)
  const { seedsPerTask, replanSteps } = folder.spec.evaluation
  if (status.state !== 'finished' || seedsPerTask === 0 || (await rolloutsOf(folder, run.path, status.step)) !== null) return
  await evaluateRun(home, run, status.step, {
    tasks: folder.tasks,
    seeds: firstEvaluationSeeds(seedsPerTask),
    replanSteps: replanSteps ?? undefined,
    signal,
    onProgress: ({ done, total, successes }) => options.onRollouts?.(done, total, successes),
  })
}
