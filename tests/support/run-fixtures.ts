import { mkdirSync } from 'node:fs'
import type { RunStatus } from '../../electron/contract/run.ts'
import { createRun, readStatus, writeStatus, type RunFolder } from '../../electron/engine/runs/run-folder.ts'
import { resolveHome, type Home } from '../../electron/platform/paths.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A home of its own, with the folder of a dataset called `cups` that no test here reads. */
export function temporaryHome(): Home {
  const home = resolveHome(temporaryFolder())
  for (const folder of [home.runs, home.datasets, home.cache, `${home.datasets}/cups`]) mkdirSync(folder, { recursive: true })
  return home
}

export function makeRun(home: Home, name = 'test run', forHost = true): Promise<RunFolder> {
  return createRun(home, { name, forHost, config: { data: { dataset: 'cups' }, steps: 100 } })
}

/** Rewrites a run's status as if its process had. */
export async function setStatus(path: string, change: Partial<RunStatus>): Promise<void> {
  await writeStatus(path, { ...(await readStatus(path)), ...change })
}

export async function until(isTrue: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<number> {
  const start = performance.now()
  while (!(await isTrue())) {
    if (performance.now() - start > timeoutMs) throw new Error(`not true within ${timeoutMs} ms: ${isTrue.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - start
}
