import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { motionSamplesSchema, type MotionSamples } from '../../contract/run.ts'
import { KinoraError } from '../../contract/errors.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Log } from '../../platform/log.ts'
import type { MotionSample } from '../../trainer/imagination.ts'
import { runFile, toJson } from './run-folder.ts'

/**
 * What the motion head imagined at intervals of the training, in `samples/` of the run: `<step>.png`, one column per frame
 * and camera with what was observed, the true target and the imagined one below one another, and `<step>.json` with the words.
 */
export const sampleSheet = (runPath: string, step: number): string => join(runFile.samples(runPath), `${step}.png`)

/** A disk that refuses costs the sample, told in the log, never the run. */
export async function keepSamples(runPath: string, step: number, samples: readonly MotionSample[], log: Log): Promise<void> {
  // Whoever only reads samples needs no encoder.
  const { contactSheet, toPng } = await import('../desk/picture.ts')
  const sheet = contactSheet([samples.map(({ observed }) => observed), samples.map(({ truth }) => truth), samples.map(({ predicted }) => predicted)])
  const description: MotionSamples = { step, sizePx: samples[0]!.observed.width, frames: samples.map(({ camera, instruction, words }) => ({ camera, instruction, words })) }
  try {
    await mkdir(runFile.samples(runPath), { recursive: true })
    await writeFileAtomic(sampleSheet(runPath, step), (await toPng(sheet)).bytes)
    // Last: a description without its sheet would be shown.
    await writeFileAtomic(join(runFile.samples(runPath), `${step}.json`), toJson(description))
  } catch (error) {
    log.warning(`The imagined motion of step ${step} could not be kept`, KinoraError.from(error).toJSON())
  }
}

/** @throws KinoraError `not-found` */
export async function readSheet(runPath: string, step: number): Promise<Uint8Array> {
  try {
    return await readFile(sampleSheet(runPath, step))
  } catch (error) {
    throw new KinoraError('not-found', `Nothing that was imagined at step ${step} is kept in ${runPath}.`, 'The run page lists the steps that there are (sampleEvery sets the interval).', { cause: error })
  }
}

/** Descriptions of all samples of a run, by step. A description that cannot be read is left out. */
export async function listSamples(runPath: string): Promise<MotionSamples[]> {
  const names = await readdir(runFile.samples(runPath)).catch((): string[] => [])
  const read = await Promise.all(
    names.filter((name) => /^\d+\.json$/.test(name)).map(async (name) => motionSamplesSchema.safeParse(parsed(await readFile(join(runFile.samples(runPath), name), 'utf8')))),
  )
  return read.flatMap((one) => (one.success ? [one.data] : [])).sort((a, b) => a.step - b.step)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
