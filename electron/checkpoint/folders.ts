import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export const checkpointsFolder = (runPath: string): string => join(runPath, 'checkpoints')
export const checkpointFolder = (runPath: string, step: number): string => join(checkpointsFolder(runPath), String(step))

/** Steps that have a folder, rising. What is still being written has another name. */
export async function listSteps(runPath: string): Promise<number[]> {
  const names = await readdir(checkpointsFolder(runPath)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => /^(0|[1-9]\d{0,14})$/.test(name)).map(Number).sort((a, b) => a - b)
}
