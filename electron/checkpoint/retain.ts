import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { temporarySuffix } from '../platform/fs-atomic.ts'
import { checkpointFolder, checkpointsFolder, listSteps } from './folders.ts'
import { verifyCheckpoint } from './verify.ts'

export interface RetainOptions {
  /** How many of the newest to keep. */
  readonly keep: number
  /** Steps kept however old they are, such as the best and the evaluated ones. */
  readonly also?: readonly number[]
}

/**
 * Deletes checkpoints but the newest `keep` and those in `also`. A damaged one does not count as kept, so that a run
 * never loses its last good one. @returns the steps that were deleted.
 */
export async function retainCheckpoints(runPath: string, { keep, also = [] }: RetainOptions): Promise<number[]> {
  let kept = 0
  const deleted: number[] = []
  for (const step of (await listSteps(runPath)).reverse()) {
    if (also.includes(step)) continue
    const folder = checkpointFolder(runPath, step)
    if (kept < Math.max(1, keep)) {
      // Sizes only: hashing everything at every save would cost more than writing it.
      if ((await verifyCheckpoint(folder, () => false)).reason === null) kept++
      continue
    }
    // Renamed first, so that a reader never meets a folder that is half gone.
    const doomed = join(checkpointsFolder(runPath), `.${step}.deleted${temporarySuffix}`)
    await rename(folder, doomed)
    await rm(doomed, { recursive: true, force: true })
    deleted.push(step)
  }
  return deleted
}
