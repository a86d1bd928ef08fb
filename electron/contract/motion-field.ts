import { latentSize, type TrainConfig } from './config.ts'

/** What the motion head predicts, in numbers that follow from the configuration. */

export function latentShape(config: Pick<TrainConfig, 'data' | 'vae'>): [channels: number, height: number, width: number] {
  const side = latentSize(config)
  return [config.vae.latentChannels, side, side]
}

/** Whether the head denoises in the VAE's latent; else on pixels, or it predicts words. */
export const usesLatent = (config: Pick<TrainConfig, 'motion'>): boolean => config.motion.target !== 'none' && config.motion.target !== 'words' && config.motion.space === 'latent'

/** What the head denoises of one camera: the latent, or the picture itself (two channels for raw flow). */
export function motionFieldShape(config: Pick<TrainConfig, 'data' | 'vae' | 'motion'>): [channels: number, height: number, width: number] {
  if (config.motion.space === 'latent') return latentShape(config)
  const { imageSizePx } = config.data
  return [config.motion.target === 'raw-flow' ? 2 : 3, imageSizePx, imageSizePx]
}

/** What the head denoises: the fields of all its cameras, one behind another. */
export function motionShape(config: Pick<TrainConfig, 'data' | 'vae' | 'motion'>): [channels: number, height: number, width: number] {
  const [channels, height, width] = motionFieldShape(config)
  return [config.motion.cameras.length * channels, height, width]
}

/** Side of a patch in cells of what the head denoises. */
export const motionPatch = ({ motion }: Pick<TrainConfig, 'motion'>): number => (motion.space === 'latent' ? motion.patchSize : motion.pixelPatchPx)

/** Tokens per side of one camera's grid: patches, or the cells that get a word. */
export function motionGrid(config: Pick<TrainConfig, 'data' | 'vae' | 'motion'>): number {
  return config.motion.target === 'words' ? config.motion.wordGrid : motionFieldShape(config)[1] / motionPatch(config)
}

/** Tokens of all cameras. */
export function motionTokens(config: Pick<TrainConfig, 'data' | 'vae' | 'motion'>): number {
  return config.motion.cameras.length * motionGrid(config) ** 2
}
