import { readFile } from 'node:fs/promises'
import { annotationsSchema, type Annotations } from '../../contract/run.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import { runFile, toJson } from './run-folder.ts'

const none: Annotations = { tags: [], notes: '' }

/** Tags and notes of a run. A file that is no JSON of them counts as none: it hides nothing else of the run. */
export async function readAnnotations(path: string): Promise<Annotations> {
  let text: string
  try {
    text = await readFile(runFile.annotations(path), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return none
    throw error
  }
  try {
    return annotationsSchema.parse(JSON.parse(text))
  } catch {
    return none
  }
}

/** Writes what is given and keeps the rest. Tags are kept once each, in the order given. */
export async function annotate(path: string, change: Partial<Annotations>): Promise<Annotations> {
  const next = { ...(await readAnnotations(path)), ...change }
  const annotations: Annotations = { notes: next.notes, tags: [...new Set(next.tags)] }
  await writeFileAtomic(runFile.annotations(path), toJson(annotations))
  return annotations
}
