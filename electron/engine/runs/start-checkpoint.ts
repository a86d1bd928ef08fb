import { isAbsolute, join } from 'node:path'
import { loadCheckpoint } from '../../checkpoint/restore.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Home } from '../../platform/paths.ts'
import type { RestoredCheckpoint } from '../../trainer/train.ts'
import { openRun } from './run-folder.ts'

/** `run`, `run@step`: a run's id or absolute folder, and the checkpoint asked for. */
export function parseStart(home: Home, startFrom: string): { path: string; step: number | 'latest' } {
  const [, run, step] = /^(.*?)(?:@(\d+))?$/.exec(startFrom) as unknown as [string, string, string | undefined]
  return { path: isAbsolute(run) ? run : join(home.runs, run), step: step === undefined ? 'latest' : Number(step) }
}

/**
 * The averages, tokenizer and VAE that a run starts from. Of a damaged latest checkpoint the one before is taken, and told
 * by `skipped`.
 * @throws KinoraError `config-invalid` where there is no such run, `not-found`, `checkpoint-damaged`
 */
export async function loadStart(home: Home, startFrom: string): Promise<RestoredCheckpoint & { readonly skipped: readonly { readonly step: number; readonly reason: string }[] }> {
  const { path, step } = parseStart(home, startFrom)
  try {
    await openRun(path)
  } catch (error) {
    throw new KinoraError('config-invalid', `startFrom names "${startFrom}", and ${path} is no run.`, 'Give the id of a run of this home or the absolute folder of one, with @step for one checkpoint.', { cause: error })
  }
  return loadCheckpoint(path, step, { names: ['ema/', 'motion/', 'vae/'] })
}
