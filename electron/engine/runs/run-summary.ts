import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { evaluationSchema, type Annotations, type Evaluation, type RunStatus, type RunSummary } from '../../contract/run.ts'
import { formatLogLine } from '../../platform/log.ts'
import { groupKey } from './group-key.ts'
import { runFile, type RunFolder } from './run-folder.ts'

/**
 * What a run folder looks like from outside, cheaply: when it differs from the last time, something in it is new.
 * The heartbeat changes it for an active run; an ended run keeps it until something is added.
 */
export async function runSignature(path: string): Promise<string> {
  const watched = [runFile.identity(path), runFile.config(path), runFile.status(path), runFile.checkpoints(path), runFile.rollouts(path), runFile.metrics(path), runFile.annotations(path)]
  const marks = await Promise.all(watched.map((file) => stat(file).then((found) => `${found.mtimeMs}:${found.size}`, () => '-')))
  return marks.join('|')
}

/** Evaluations in `rollouts/`, by step then time. A file that is none is left out: it hides nothing else. */
export async function readEvaluations(path: string): Promise<Evaluation[]> {
  const names = await readdir(runFile.rollouts(path)).catch(() => [])
  const evaluations: Evaluation[] = []
  for (const name of names.filter((candidate) => /^evaluation-.*\.json$/.test(candidate))) {
    try {
      const parsed = evaluationSchema.safeParse(JSON.parse(await readFile(join(runFile.rollouts(path), name), 'utf8')))
      if (parsed.success) evaluations.push(parsed.data)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return evaluations.sort((a, b) => a.checkpointStep - b.checkpointStep || a.createdAt - b.createdAt)
}

export function summarise(
  folder: RunFolder,
  parts: { datasetId: string; status: RunStatus; checkpoints: readonly number[]; lastMetrics: Record<string, number | null>; evaluations: readonly Evaluation[]; annotations: Annotations },
): RunSummary {
  const latest = parts.evaluations.at(-1)
  return {
    id: folder.identity.id,
    name: folder.identity.name,
    path: folder.path,
    createdAt: folder.identity.createdAt,
    datasetId: parts.datasetId,
    preset: folder.config.preset,
    motionTarget: folder.config.motion.target,
    seed: folder.config.seed,
    status: parts.status,
    checkpoints: [...parts.checkpoints],
    lastMetrics: parts.lastMetrics,
    ...parts.annotations,
    groupKey: groupKey(folder.config),
    evaluation: latest ? { checkpointStep: latest.checkpointStep, total: latest.total } : null,
  }
}

/** The last `count` lines of the run's log, for people; reads only the end of the file. */
export async function tailLog(path: string, count: number): Promise<string[]> {
  const lines = await tailLines(runFile.log(path), count)
  return lines.map(formatLogLine)
}

/** The last lines of a text file of any size; an absent file has none. */
export async function tailLines(file: string, count: number, maxBytes = 256 * 1024): Promise<string[]> {
  let handle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  try {
    const { size } = await handle.stat()
    const start = Math.max(0, size - maxBytes)
    const buffer = Buffer.alloc(size - start)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n').filter((line) => line.trim() !== '')
    if (start > 0) lines.shift()
    return lines.slice(-count)
  } finally {
    await handle.close()
  }
}


export { listSteps as checkpointSteps } from '../../checkpoint/folders.ts'
