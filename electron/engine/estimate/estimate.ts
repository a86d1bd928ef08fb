import { cpus } from 'node:os'
import { quantile } from '../../base/statistics.ts'
import type { ProviderName, TrainConfig } from '../../contract/config.ts'
import type { Estimate } from '../../contract/estimate.ts'
import { KinoraError } from '../../contract/errors.ts'
import { usesLatent } from '../../contract/motion-field.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { mapDataset } from '../../dataset/mapping.ts'
import type { ActionDimensions } from '../../model/action-expert.ts'
import { liberoDimensions, parameterCounts } from '../../model/parameter-counts.ts'
import type { Home } from '../../platform/paths.ts'
import { warningsTo } from '../../tensor/backends/log.ts'
import type { Provider } from '../../tensor/provider.ts'
import { splitEpisodes } from '../../sampler/episodes.ts'
import { checkDataset } from '../../sampler/memory.ts'
import { latentCacheBytes } from '../../trainer/kept-latents.ts'
import { latentsFit } from '../../trainer/latents.ts'
import { motionSource } from '../../trainer/motion-feed.ts'
import { frozenVaePeakBytes, stepInputs, trainStepCost, vaeStepCost } from '../../trainer/step-cost.ts'
import { freeBytes } from '../doctor.ts'
import { machineSpeed, stepSeconds, type MachineSpeed } from './machine-speed.ts'
import { autoencoderMemory, policyMemory, totalOf, type TrainingMemory } from './memory.ts'
import { pastSpeed, type PastSpeed } from './past-speed.ts'
import { fewestSteps, timedTrainStep, timeInTurn } from './step-timing.ts'

/** What is known of a dataset before it is read whole. */
export interface EstimateData {
  /** Frames that enter training or validation. */
  readonly frames: number
  /** Those of validation. */
  readonly heldFrames: number
  readonly dimensions: ActionDimensions
}

export interface EstimateMachine {
  readonly provider: ProviderName
  readonly speed: MachineSpeed
  /** A run that took the same steps here: no estimate is as good. */
  readonly past?: PastSpeed | null
  /** Seconds of a step of this configuration that was tried: the next best. */
  readonly triedSeconds?: number | null
  readonly availableBytes: number
  readonly freeDiskBytes: number | null
}

const bytesPerNumber = 4
/** Estimates may be this much too low before memory runs short. */
const margin = 1.15

/** @throws KinoraError `dataset-invalid` when the dataset lacks what the configuration names */
export function dataOf(asStored: Dataset, config: TrainConfig): EstimateData {
  const dataset = mapDataset(asStored, config.data)
  checkDataset(dataset, config)
  const { episodes } = dataset.detail
  const split = splitEpisodes(episodes, config.data)
  const framesOf = (used: readonly number[]): number => {
    const chosen = new Set(used)
    return episodes.reduce((sum, { index, frameCount }) => sum + (chosen.has(index) ? frameCount : 0), 0)
  }
  const heldFrames = framesOf(split.heldOut)
  return { frames: framesOf(split.training) + heldFrames, heldFrames, dimensions: { state: dataset.stateNames.length, action: dataset.actionNames.length } }
}

/** What a run of this configuration takes on this machine. Pure; `data` null means a dataset that is not known yet. */
export function estimate(config: TrainConfig, data: EstimateData | null, machine: EstimateMachine): Estimate {
  const dimensions = data?.dimensions ?? liberoDimensions
  const parameters = parameterCounts(config, dimensions)
  const trained = parameters.backbone + parameters.action + parameters.motion
  const isLatent = usesLatent(config)
  const trainsVae = isLatent && config.vae.weights === null
  const keepsLatents = isLatent && config.motion.control !== 'noise' && latentsFit(config, data?.frames ?? 0, config.data.shiftVariants)
  const source = motionSource(config, keepsLatents)
  const costAt = trainStepCost(config, dimensions, source)
  const cost = costAt(config.batchSize)
  const vaeCost = trainsVae ? vaeStepCost(config)(config.vae.batchSize) : null

  const { frames, heldFrames } = data ?? { frames: 0, heldFrames: 0 }
  const memoryAt = (batchSize: number): TrainingMemory => {
    const sized = { ...config, batchSize }
    return policyMemory(sized, { frames, heldFrames, parameters, keepsLatents, inputs: stepInputs(sized, dimensions, source), step: costAt(batchSize) })
  }
  const memory = memoryAt(config.batchSize)
  const vaeBytes = isLatent ? totalOf(autoencoderMemory(config, { frames, parameters }, vaeCost?.peakBytes ?? null, frozenVaePeakBytes(config, keepsLatents))) : 0

  const copyBytes = trained * bytesPerNumber
  const checkpointBytes = trained * 4 * bytesPerNumber
  const autoencoderBytes = parameters.vae * bytesPerNumber
  // One more than are kept: the newest is whole before the oldest goes.
  const checkpoints = Math.min(Math.ceil(config.steps / config.checkpointEvery), config.keepCheckpoints + 1)
  const latents = latentCacheBytes(config, keepsLatents ? (frames - heldFrames) * config.data.shiftVariants : 0)
  const cacheBytes = (trainsVae ? autoencoderBytes : 0) + latents
  const { speed, past = null, triedSeconds = null } = machine
  const secondsPerStep = past?.secondsPerStep ?? (triedSeconds ?? stepSeconds(cost, speed)) * config.optimiser.accumulationSteps
  const secondsPerVaeStep = vaeCost ? stepSeconds(vaeCost, speed) * speed.vaeFactor : 0
  const result: Omit<Estimate, 'shortages'> = {
    parameters: { ...parameters },
    flopsPerStep: cost.flops,
    memory: { programBytes: memory.program, weightsBytes: 2 * copyBytes, optimiserBytes: 2 * copyBytes, copyBytes: memory.copy, activationBytes: memory.step, dataBytes: memory.data, totalBytes: Math.max(totalOf(memory), vaeBytes), availableBytes: machine.availableBytes },
    disk: { checkpointBytes, autoencoderBytes, cacheBytes, totalBytes: checkpointBytes * checkpoints + autoencoderBytes + cacheBytes, freeBytes: machine.freeDiskBytes },
    time: { secondsPerStep, secondsPerVaeStep, totalSeconds: secondsPerStep * config.steps + secondsPerVaeStep * (trainsVae ? config.vae.steps : 0), provider: machine.provider, basis: past ? 'run' : triedSeconds !== null ? 'trial' : 'speed', asRun: past?.runId ?? null },
    largestBatch: largestBatch((batch) => totalOf(memoryAt(batch)) <= machine.availableBytes),
  }
  return { ...result, shortages: shortagesOf(result, config, vaeBytes) }
}

/** The largest batch that fits, up to 65,536; `fits` holds for every smaller one. */
function largestBatch(fits: (batch: number) => boolean): number {
  let low = 0
  let high = 2 ** 16
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** Decimal units, as on the page and as disks are sold. */
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

function shortagesOf({ memory, disk, largestBatch }: Omit<Estimate, 'shortages'>, config: TrainConfig, vaeBytes: number): Estimate['shortages'] {
  const shortages: Estimate['shortages'] = []
  if (memory.totalBytes > margin * memory.availableBytes) {
    const hint =
      vaeBytes > margin * memory.availableBytes
        ? `Lower vae.batchSize (${config.vae.batchSize}) or vae.blockChannels, or import an autoencoder.`
        : largestBatch >= 1
          ? `Lower batchSize from ${config.batchSize} to ${largestBatch}${largestBatch * 2 <= config.batchSize ? ` and raise optimiser.accumulationSteps to ${Math.ceil(config.batchSize / largestBatch)}` : ''}.`
          : 'Not even one sample fits: lower the widths and depths (choose a smaller preset), or data.imageSizePx.'
    shortages.push({ of: 'memory', message: `Training takes about ${gigabytes(memory.totalBytes)} of memory, and ${gigabytes(memory.availableBytes)} are available.`, hint })
  }
  if (disk.freeBytes !== null && disk.totalBytes > disk.freeBytes) {
    shortages.push({ of: 'disk', message: `The checkpoints take ${gigabytes(disk.totalBytes)} on disk, and ${gigabytes(disk.freeBytes)} are free.`, hint: `Lower keepCheckpoints (${config.keepCheckpoints}), or free some space.` })
  }
  return shortages
}

export interface EstimateOptions {
  readonly signal?: AbortSignal
  /** Run a few steps of this very configuration on made-up batches, where that takes seconds and its memory is there. */
  readonly tries?: boolean
  /** Ends the trial: the answer is then from the machine's speed. */
  readonly trialSignal?: AbortSignal
  readonly onWarning?: (message: string) => void
}

/** Opens the configuration's provider, measures the machine once, and estimates. */
export async function estimateHere(home: Home, config: TrainConfig, data: EstimateData | null, { signal, tries = false, trialSignal, onWarning }: EstimateOptions = {}): Promise<Estimate> {
  const { openProvider } = await import('../../tensor/registry.ts')
  const { provider } = await openProvider(config.device, { threads: config.threads, cacheDir: home.cache, signal, log: warningsTo(onWarning) })
  try {
    const speed = await machineSpeed(home, provider, config.threads || cpus().length)
    const past = await pastSpeed(home, config, provider.name)
    const machine: EstimateMachine = { provider: provider.name, speed, past, availableBytes: process.availableMemory(), freeDiskBytes: await freeBytes(home) }
    const told = estimate(config, data, machine)
    if (!tries || past !== null || !isWorthTrying(told, config)) return told
    const triedSeconds = await tryStep(provider, config, data?.dimensions ?? liberoDimensions, told.time.secondsPerStep, trialSignal)
    return estimate(config, data, { ...machine, triedSeconds })
  } finally {
    provider.dispose()
  }
}

/** A trial may take about so long, and so much of the memory that is there. */
const [longestTrialSeconds, trialShare] = [20, 0.5]

function isWorthTrying({ time, memory }: Estimate, { optimiser }: TrainConfig): boolean {
  return (time.secondsPerStep / optimiser.accumulationSteps) * fewestSteps < longestTrialSeconds && memory.totalBytes < trialShare * memory.availableBytes
}

/** Seconds of a step of this configuration, from a few that are run here; null where the signal came first. @param expected how long it may take */
export async function tryStep(provider: Provider, config: TrainConfig, dimensions: ActionDimensions, expected: number, signal?: AbortSignal): Promise<number | null> {
  if (signal?.aborted) return null
  const step = timedTrainStep(provider, config, dimensions, motionSource(config, usesLatent(config)))
  try {
    const seconds = await timeInTurn([step], expected < 0.2 ? 4 : 1, signal)
    return signal?.aborted ? null : quantile(seconds[0]!, 0.25)
  } finally {
    step.dispose()
  }
}

/**
 * What every start of a training asks first, however it was started: the memory that the run will take is there now.
 * @throws KinoraError `out-of-memory` with what to lower
 */
export function refuseShortMemory(config: TrainConfig, data: EstimateData, availableBytes = process.availableMemory()): void {
  const { shortages } = estimate(config, data, { provider: 'cpu', speed: { secondsPerFlop: 0, secondsPerByte: 0, secondsPerOperator: 0, vaeFactor: 1 }, availableBytes, freeDiskBytes: null })
  refuseShortage({ shortages })
}

/** @throws KinoraError `out-of-memory` or `disk-full` with what to lower */
export function refuseShortage({ shortages }: Pick<Estimate, 'shortages'>): void {
  const [first] = shortages
  if (first) throw new KinoraError(first.of === 'memory' ? 'out-of-memory' : 'disk-full', first.message, `${first.hint} To try nevertheless, say so on the page of the run, or: kinora train with --force (a run that exists: --resume and --force).`)
}
