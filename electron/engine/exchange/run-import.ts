import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { KinoraError } from '../../contract/errors.ts'
import { RandomAccessFile } from '../../formats/random-access-file.ts'
import { readEvents } from '../../formats/tfevents.ts'
import { Series } from '../../metrics/series.ts'
import { segmentName } from '../../metrics/segment.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import { createRun, importedPreset, runFile, type RunFolder } from '../runs/run-folder.ts'

/**
 * Makes a finished run of what another program logged, so that its curves stand beside one's own: a TensorBoard event
 * file, a folder of them (one writer, in order of name), or a CSV with a column `step`. Where a writer was restarted,
 * what it wrote after the restart's step before is void, as in TensorBoard.
 * @throws KinoraError `not-found`, `dataset-invalid`
 */
export async function importRun(home: Home, path: string, name: string, signal?: AbortSignal): Promise<RunFolder> {
  const series = (await isTextFile(path)) ? parseCsv(await readText(path), path) : await readEventSeries(path, signal)
  if (series.size === 0) throw new KinoraError('dataset-invalid', `${path} holds no scalars.`, 'Give a TensorBoard event file or its folder, or a CSV with a column "step".')
  let lastStep = 1
  for (const one of series.values()) lastStep = Math.max(lastStep, one.steps.at(-1) ?? 0)
  return createRun(home, {
    name: name.trim() || basename(path).replace(/\.csv$/i, ''),
    config: { preset: importedPreset, data: { dataset: 'imported' }, motion: { target: 'none' }, steps: lastStep },
    forHost: true,
    imported: {
      status: { state: 'finished', phase: 'imported', step: lastStep },
      fill: async (folder) => {
        await writeFileAtomic(join(runFile.metrics(folder), segmentName(0, 0)), segmentOf(series))
        await writeFileAtomic(runFile.annotations(folder), JSON.stringify({ tags: ['imported'], notes: `Imported from ${path}.` }, null, 2) + '\n')
      },
    },
  })
}

/** Whether a file is text, whatever its name: an event file begins with a length of 8 bytes, of which most are zero. */
async function isTextFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (found === null) throw new KinoraError('not-found', `There is nothing at ${path}.`, 'Give the path on the machine that Kinora runs on.')
  if (found.isDirectory()) return false
  await using file = await RandomAccessFile.open(path)
  return !(await file.read(0, Math.min(file.byteLength, 512))).includes(0)
}

async function readEventSeries(path: string, signal?: AbortSignal): Promise<Map<string, Series>> {
  const series = new Map<string, Series>()
  for (const file of await eventFiles(path)) {
    await using opened = await RandomAccessFile.open(file)
    for await (const event of readEvents(opened)) {
      signal?.throwIfAborted()
      if (event.type === 'start') {
        for (const one of series.values()) one.truncate(event.step)
        continue
      }
      let one = series.get(event.tag)
      if (one === undefined) series.set(event.tag, (one = new Series()))
      one.append(event.step, event.value, event.wall)
    }
  }
  return series
}

async function eventFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => name.includes('tfevents')).sort()
  if (names.length === 0) throw new KinoraError('not-found', `${path} holds no event files (events.out.tfevents.*).`, 'Give the folder that was passed to TensorBoard as --logdir, or one run of it.')
  return names.map((name) => join(path, name))
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new KinoraError('not-found', `${path} cannot be read: ${(error as Error).message}.`, 'Give the path on the machine that Kinora runs on.', { cause: error })
  }
}

/** Columns by name; `step` says where, `time` (ISO 8601) when; other columns without numbers are left out. */
export function parseCsv(text: string, path: string): Map<string, Series> {
  const [head, ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((line) => line !== '')
  const names = splitCsv(head ?? '')
  const stepColumn = names.findIndex((name) => /^_?step$/i.test(name))
  if (stepColumn < 0) throw new KinoraError('dataset-invalid', `${path} has no column "step".`, `Its columns: ${names.join(', ') || 'none'}.`)
  const timeColumn = names.findIndex((name) => /^time$/i.test(name))
  const series = new Map<string, Series>()
  for (const line of lines) {
    const fields = splitCsv(line)
    const step = Number(fields[stepColumn])
    if (!Number.isInteger(step)) continue
    const wall = timeColumn < 0 ? 0 : Date.parse(fields[timeColumn] ?? '') || 0
    names.forEach((name, column) => {
      const field = fields[column]?.trim() ?? ''
      const value = Number(field)
      if (column === stepColumn || column === timeColumn || field === '' || (Number.isNaN(value) && !/^nan$/i.test(field))) return
      let one = series.get(name)
      if (one === undefined) series.set(name, (one = new Series()))
      one.append(step, value, wall)
    })
  }
  return series
}

/** Fields of one line of RFC 4180 without line breaks inside of quotes. */
function splitCsv(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted === undefined ? plain! : quoted.replaceAll('""', '"')))
}

/** As the metric writer writes, in order of step. */
function segmentOf(series: ReadonlyMap<string, Series>): string {
  const rows = new Map<number, { wall: number; values: Record<string, number | string> }>()
  for (const [name, { steps, values, walls }] of series) {
    steps.forEach((step, index) => {
      let row = rows.get(step)
      if (row === undefined) rows.set(step, (row = { wall: walls[index]!, values: {} }))
      const value = values[index]!
      row.values[name] = Number.isFinite(value) ? value : String(value)
    })
  }
  return [...rows].sort(([a], [b]) => a - b).map(([step, row]) => JSON.stringify({ step, ...row }) + '\n').join('')
}
