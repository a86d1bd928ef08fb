import { cpus } from 'node:os'
import type { ProviderName, TrainConfig } from '../contract/config.ts'
import type { Estimate } from '../contract/estimate.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { mapDataset } from '../dataset/mapping.ts'
import type { ActionDimensions } from '../model/action-expert.ts'
import { hasMotionHead } from '../model/dual-head.ts'
import { usesLatent } from '../model/motion-dit.ts'
import { liberoDimensions, parameterCounts } from '../model/parameter-counts.ts'
import type { Home } from '../platform/paths.ts'
import { splitEpisodes } from '../sampler/episodes.ts'
import { latentSizeOf, latentsFit } from '../trainer/latents.ts'
import { motionSource } from '../trainer/motion-feed.ts'
import { trainStepCost, vaeStepCost } from '../trainer/step-cost.ts'
import { freeBytes } from './doctor.ts'
import { machineSpeed, stepSeconds, type MachineSpeed } from './machine-speed.ts'
import { pastSpeed, type PastSpeed } from './past-speed.ts'

/** What is known of a dataset before it is read whole. */
export interface EstimateData {
  /** Frames that enter training or validation. */
  readonly frames: number
  readonly dimensions: ActionDimensions
}

export interface EstimateMachine {
  readonly provider: ProviderName
  readonly speed: MachineSpeed
  /** A run that took the same steps here: no estimate is as good. */
  readonly past?: PastSpeed | null
  readonly availableBytes: number
  readonly freeDiskBytes: number | null
}

const bytesPerNumber = 4
/** A process that has loaded Node, tfjs and onnxruntime and compiled a step. */
const processBytes = 216 * 2 ** 20
/** The state, the step's results, and the copies that the runtime makes of them. */
const stateCopies = 4
/** Estimates may be this much too low before memory runs short. */
const margin = 1.15

/** @throws KinoraError `dataset-invalid` when the dataset lacks what the configuration names */
export function dataOf(asStored: Dataset, config: TrainConfig): EstimateData {
  const dataset = mapDataset(asStored, config.data)
  const { episodes } = dataset.detail
  const split = splitEpisodes(episodes, config.data)
  const used = new Set([...split.training, ...split.heldOut])
  const frames = episodes.reduce((sum, { index, frameCount }) => sum + (used.has(index) ? frameCount : 0), 0)
  return { frames, dimensions: { state: dataset.stateNames.length, action: dataset.actionNames.length } }
}

/** What a run of this configuration takes on this machine. Pure; `data` null means a dataset that is not known yet. */
export function estimate(config: TrainConfig, data: EstimateData | null, machine: EstimateMachine): Estimate {
  const dimensions = data?.dimensions ?? liberoDimensions
  const parameters = parameterCounts(config, dimensions)
  const trained = parameters.backbone + parameters.action + parameters.motion
  const isLatent = usesLatent(config)
  const trainsVae = isLatent && config.vae.weights === null
  const keepsLatents = isLatent && config.motion.control !== 'noise' && latentsFit(config, data?.frames ?? 0, config.data.shiftVariants)
  const costAt = trainStepCost(config, dimensions, motionSource(config, keepsLatents))
  const cost = costAt(config.batchSize)
  const vaeCost = trainsVae ? vaeStepCost(config)(config.vae.batchSize) : null

  const pictureBytes = config.data.imageSizePx ** 2 * 3 * (config.data.cameras.length + (hasMotionHead(config) ? config.motion.cameras.length : 0))
  const latentBytes = keepsLatents ? latentSizeOf(config) * bytesPerNumber * config.data.shiftVariants : 0
  const dataBytes = (data?.frames ?? 0) * (pictureBytes + latentBytes)
  const copyBytes = trained * bytesPerNumber
  const memoryAt = (peakBytes: number): number => processBytes + dataBytes + stateCopies * 4 * copyBytes + peakBytes
  // The autoencoder trains before the policy, and its memory is free again by then.
  const vaeBytes = vaeCost ? processBytes + dataBytes + stateCopies * 3 * parameters.vae * bytesPerNumber + vaeCost.peakBytes : 0
  const totalBytes = Math.max(memoryAt(cost.peakBytes), vaeBytes)

  const checkpointBytes = (trained * 4 + parameters.vae) * bytesPerNumber
  const { speed, past = null } = machine
  const secondsPerStep = past?.secondsPerStep ?? stepSeconds(cost, speed) * config.optimiser.accumulationSteps
  const secondsPerVaeStep = vaeCost ? stepSeconds(vaeCost, speed) * speed.vaeFactor : 0
  const result: Omit<Estimate, 'shortages'> = {
    parameters: { ...parameters },
    flopsPerStep: cost.flops,
    memory: { weightsBytes: 2 * copyBytes, optimiserBytes: 2 * copyBytes, activationBytes: cost.peakBytes, dataBytes, totalBytes, availableBytes: machine.availableBytes },
    // One more than are kept: the newest is whole before the oldest goes.
    disk: { checkpointBytes, totalBytes: checkpointBytes * (config.keepCheckpoints + 1), freeBytes: machine.freeDiskBytes },
    time: { secondsPerStep, secondsPerVaeStep, totalSeconds: secondsPerStep * config.steps + secondsPerVaeStep * (trainsVae ? config.vae.steps : 0), provider: machine.provider, asRun: past?.runId ?? null },
    largestBatch: largestBatch((batch) => memoryAt(costAt(batch).peakBytes) <= machine.availableBytes),
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

/** Opens the configuration's provider, measures the machine once, and estimates. */
export async function estimateHere(home: Home, config: TrainConfig, data: EstimateData | null, signal?: AbortSignal): Promise<Estimate> {
  const { openProvider } = await import('../tensor/registry.ts')
  const provider = await openProvider(config.device, { threads: config.threads, cacheDir: home.cache, signal })
  try {
    const speed = await machineSpeed(home, provider, config.threads || cpus().length)
    const past = await pastSpeed(home, config, provider.name)
    return estimate(config, data, { provider: provider.name, speed, past, availableBytes: process.availableMemory(), freeDiskBytes: await freeBytes(home) })
  } finally {
    provider.dispose()
  }
}

/**
 * What every start of a training asks first, however it was started: the memory that the run will take is there now.
 * @throws KinoraError `out-of-memory` with what to lower
 */
export function refuseShortMemory(config: TrainConfig, data: EstimateData, availableBytes = process.availableMemory()): void {
  const { shortages } = estimate(config, data, { provider: 'cpu', speed: { secondsPerFlop: 0, secondsPerByte: 0, vaeFactor: 1 }, availableBytes, freeDiskBytes: null })
  refuseShortage({ shortages })
}

/** @throws KinoraError `out-of-memory` or `disk-full` with what to lower */
export function refuseShortage({ shortages }: Pick<Estimate, 'shortages'>): void {
  const [first] = shortages
  if (first) throw new KinoraError(first.of === 'memory' ? 'out-of-memory' : 'disk-full', first.message, `${first.hint} To try nevertheless: kinora train with --force (a run that exists: --resume and --force).`)
}
