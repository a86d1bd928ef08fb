import { fileURLToPath } from 'node:url'
import { forkFile, type SpawnChild } from '../../electron/platform/child-process.ts'

const path = fileURLToPath(new URL('./idle-job.ts', import.meta.url))

/** Starts real processes that take and keep runs but train nothing, see idle-job.ts. */
export const spawnIdleEngine: SpawnChild = (_entry, options) => forkFile(path, options)
