import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { median } from '../../base/statistics.ts'
import type { ProviderName, TrainConfig } from '../../contract/config.ts'
import { readMetrics } from '../../metrics/reader.ts'
import type { Home } from '../../platform/paths.ts'
import { openRun, readStatus, runFile } from '../runs/run-folder.ts'

export interface PastSpeed {
  readonly runId: string
  readonly secondsPerStep: number
}

/** Runs that are looked at, newest first. */
const lookedAt = 100
/** Steps that make a rate, and the latest that are taken. */
const [fewestSteps, latestSteps] = [20, 400]

/** All that a step's time depends on. */
function work({ stage, warmUpBackbone, backbone, action, motion, vae, data, optimiser, batchSize, threads }: TrainConfig): string {
  // What these say changes numbers, not how many.
  const { lambda: _lambda, flow: _flow, flowModel: _model, cameras, normalisation: _normalisation, fixedPx: _fixed, quantile: _quantile, staticPx: _static, sign: _sign, horizonSteps: _horizon, maskEpisodeEnd: _mask, timeDistribution: _times, ...head } = motion
  const { latentChannels, foldPx, blockChannels } = vae
  return JSON.stringify({
    stage,
    warmUpBackbone,
    backbone,
    action,
    head: motion.target === 'none' ? null : { ...head, cameras: cameras.length },
    latent: { latentChannels, foldPx, blockChannels },
    data: { cameras: data.cameras.length, imageSizePx: data.imageSizePx, shiftVariants: data.shiftVariants },
    accumulationSteps: optimiser.accumulationSteps,
    batchSize,
    threads,
  })
}

/** How long the same step took when this home last trained it with this provider; null where it never did. */
export async function pastSpeed(home: Home, config: TrainConfig, provider: ProviderName): Promise<PastSpeed | null> {
  const wanted = work(config)
  // The ids tell when.
  const when = (name: string): string => /\d{8}-\d{6}/.exec(name)?.[0] ?? ''
  const names = (await readdir(home.runs).catch((): string[] => [])).sort((a, b) => (when(a) < when(b) ? 1 : -1))
  for (const name of names.slice(0, lookedAt)) {
    const folder = await openRun(join(home.runs, name)).catch(() => null)
    if (folder === null || work(folder.config) !== wanted) continue
    const { path, identity } = folder
    const status = await readStatus(path).catch(() => null)
    if (status?.provider !== provider) continue
    const rates = (await readMetrics(runFile.metrics(path))).series('samples_per_s')?.values
    if (rates === undefined || rates.length < fewestSteps) continue
    const samples = config.batchSize * config.optimiser.accumulationSteps
    return { runId: identity.id, secondsPerStep: samples / median(Array.from(rates.slice(-latestSteps))) }
  }
  return null
}
