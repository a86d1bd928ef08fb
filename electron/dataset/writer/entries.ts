import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { KinoraError } from '../../contract/errors.ts'
import { recordingPaths } from '../recording-layout.ts'

const entrySchema = z.object({
  index: z.number().int().min(0),
  taskId: z.string().nullable(),
  seed: z.number().int().nullable(),
  instruction: z.string(),
  success: z.boolean(),
  frameCount: z.number().int().positive(),
  /** Row of its first frame in the whole dataset. */
  firstRow: z.number().int().min(0),
  taskIndex: z.number().int().min(0),
  /** Flow that was stored with it. */
  flow: z.array(z.object({ camera: z.string(), horizonSteps: z.number().int().positive() })),
  /** By camera: counts of the 3 * 256 colour values in a sample of its frames. */
  histograms: z.record(z.string(), z.array(z.number()).length(768)),
  /** Data file that holds it; null while it is staged. */
  file: z.object({ chunk: z.number().int(), file: z.number().int() }).nullable(),
})

/** What the writer knows of one episode: enough to write all metadata again. */
export type EpisodeEntry = z.infer<typeof entrySchema>

/** Episodes that are merged into data files. */
export async function readEpisodeEntries(path: string): Promise<EpisodeEntry[]> {
  const file = recordingPaths(path).entries
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').filter((line) => line !== '').map((line, index) => {
    const entry = parseEntry(line, `${file}, line ${index + 1}`)
    if (entry.index !== index || entry.file === null) throw damagedEntry(`${file}, line ${index + 1}`, `it is of episode ${entry.index}`)
    return entry
  })
}

/** Staged episodes from index `first` on, without a gap. What is older is merged already. */
export async function readStaged(path: string, first: number): Promise<EpisodeEntry[]> {
  const { staging } = recordingPaths(path)
  const present = new Set(await readdir(staging).catch((): string[] => []))
  const entries: EpisodeEntry[] = []
  for (let index = first; ; index++) {
    const name = String(index).padStart(6, '0')
    if (!present.has(name)) return entries
    const file = join(staging, name, 'episode.json')
    entries.push(parseEntry(await readFile(file, 'utf8'), file))
  }
}

function parseEntry(text: string, where: string): EpisodeEntry {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damagedEntry(where, 'it is no JSON', error)
  }
  const parsed = entrySchema.safeParse(value)
  if (!parsed.success) throw damagedEntry(where, z.prettifyError(parsed.error))
  return parsed.data
}

function damagedEntry(where: string, what: string, cause?: unknown): KinoraError {
  return new KinoraError('dataset-invalid', `${where} does not describe an episode: ${what}.`, 'The recording was changed by hand or by a failing disk: copy it again, or record anew.', { cause })
}
