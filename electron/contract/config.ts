import { z } from 'zod'

/** The whole configuration of one training run. Every field has a default, so `{}` is the `nano` preset. */

export const providerNames = ['tensorflow-gpu', 'tensorflow', 'onnx-cuda', 'onnx-webgpu', 'onnx-dml', 'onnx-coreml', 'onnx-cpu', 'cpu'] as const
export const providerNameSchema = z.enum(providerNames)
export type ProviderName = z.infer<typeof providerNameSchema>
export const deviceSchema = z.enum(['auto', ...providerNames])
export type Device = z.infer<typeof deviceSchema>

const positiveInt = z.number().int().positive()

export const backboneSchema = z.strictObject({
  /**
   * `merge`: small patches, then 2x2 neighbours joined by a linear layer and SiLU per level, a pyramid of plain matrix
   * products. `conv`: stride-2 3x3 convolutions. `patch`: linear patches as in ViT.
   */
  stem: z.enum(['merge', 'conv', 'patch']).default('merge').describe('How a picture becomes tokens'),
  /** Output channels of each level of `merge` (the first embeds the patches) or `conv`; the last is projected to `width`. */
  stemChannels: z.array(positiveInt).min(1).default([32, 64, 96]),
  /** Side of a patch in pixels. Stems `merge` and `patch`. */
  patchSizePx: positiveInt.default(4),
  width: positiveInt.default(96),
  depth: positiveInt.default(3),
  heads: positiveInt.default(4),
  mlpRatio: z.number().positive().default(4),
  /** Longest instruction in tokens. */
  maxTextTokens: positiveInt.default(10),
  /** Rows of the token table. The tokenizer is trained on the dataset's instructions and uses at most so many. */
  vocabularySize: z.number().int().min(260).default(512),
})

export const actionSchema = z.strictObject({
  variant: z.enum(['pi0', 'pi05']).default('pi0').describe('pi0: state token and time MLP. pi05: adaRMS time, no state token'),
  width: positiveInt.default(96),
  mlpRatio: z.number().positive().default(4),
  /** Actions predicted at once. */
  chunk: positiveInt.default(10),
  /** Flow times drawn per prefix: more action loss for one pass of the backbone. */
  flowTimesPerPrefix: positiveInt.default(2),
  /** Euler steps at inference. */
  eulerSteps: positiveInt.default(10),
  /** Actions executed before the policy is asked again. */
  replanSteps: positiveInt.default(5),
})

export const motionSchema = z.strictObject({
  /** `none` trains the action head alone. */
  target: z.enum(['none', 'motion-image']).default('motion-image'),
  /** Weight of the motion loss in L = L_action + lambda * L_motion. */
  lambda: z.number().min(0).default(1),
  /** Steps from the observed frame to the frame the flow points at. */
  horizonSteps: positiveInt.default(5),
  camera: z.string().default('agentview'),
  /** `image-max` is the paper's; `fixed` keeps absolute speed, in `fixedPx` pixels at full saturation. */
  normalisation: z.enum(['image-max', 'fixed']).default('image-max'),
  fixedPx: z.number().positive().default(8),
  /** Flow whose largest magnitude is below this stays white. */
  staticPx: z.number().min(0).default(0.5),
  /** `reversed` draws minus the forward flow, as the paper's pictures do. */
  sign: z.enum(['forward', 'reversed']).default('forward'),
  width: positiveInt.default(64),
  depth: positiveInt.default(3),
  heads: positiveInt.default(4),
  mlpRatio: z.number().positive().default(4),
  patchSize: positiveInt.default(2),
  /** `shared`: one adaLN projection and a learned table per block, as PixArt. `block`: one projection per block, as DiT. */
  adaLn: z.enum(['shared', 'block']).default('shared'),
  /** How the head reads the prefix: cross-attention, its mean added to the time, or its tokens beside the latent's. */
  conditioning: z.enum(['cross-attention', 'pooled', 'in-context']).default('cross-attention'),
  eulerSteps: positiveInt.default(10),
  timeDistribution: z.enum(['beta', 'uniform', 'logit-normal']).default('beta'),
  /** Leave frames out of the motion loss whose flow would point past the episode's end (else it points at the last frame). */
  maskEpisodeEnd: z.boolean().default(false),
})

export const vaeSchema = z.strictObject({
  latentChannels: positiveInt.default(4),
  /** Pixels are folded into channels in squares of this side before the first convolution, and unfolded after the last. */
  foldPx: positiveInt.default(4),
  /** Channels per resolution; each level after the first halves the picture. */
  blockChannels: z.array(positiveInt).min(1).default([16, 16]),
  layersPerBlock: positiveInt.default(1),
  normGroups: positiveInt.default(8),
  klWeight: z.number().min(0).default(1e-6),
  steps: positiveInt.default(500),
  batchSize: positiveInt.default(8),
  learningRate: z.number().positive().default(1e-2),
})

export const optimiserSchema = z.strictObject({
  learningRate: z.number().positive().default(1e-3),
  /** Learning rate at the end of the cosine, as a fraction of the peak. */
  finalFraction: z.number().min(0).max(1).default(0.05),
  warmupSteps: z.number().int().min(0).default(100),
  weightDecay: z.number().min(0).default(0.01),
  beta1: z.number().min(0).max(1).default(0.9),
  beta2: z.number().min(0).max(1).default(0.95),
  epsilon: z.number().positive().default(1e-8),
  clipNorm: z.number().positive().default(1),
  emaDecay: z.number().min(0).max(1).default(0.999),
})

const trainConfigFields = z.strictObject({
  preset: z.string().default('nano'),
  seed: z.number().int().min(0).max(0xffffffff).default(0),
  device: deviceSchema.default('auto'),
  threads: z.number().int().min(0).default(0).describe('0 takes every core'),
  data: z.strictObject({
    /** A dataset's id in the catalogue, or its folder. */
    dataset: z.string().min(1),
    cameras: z.array(z.string()).min(1).default(['agentview', 'robot0_eye_in_hand']),
    imageSizePx: positiveInt.default(64),
    /** Share of episodes, taken from the end, that never enters training. */
    validationFraction: z.number().min(0).max(0.9).default(0.1),
    /** Random shift of the pictures in pixels; the motion image moves alike. */
    randomShiftPx: z.number().int().min(0).default(2),
    /**
     * How many different random shifts each picture has; 0 draws a new one at every step. With a few, the latent of each
     * shifted motion image is computed once and kept, where all fit in memory.
     */
    shiftVariants: z.number().int().min(0).default(4),
    /** `z-score` as pi0, `quantile` (1 % and 99 % to -1 and 1) as pi0.5. */
    normalisation: z.enum(['z-score', 'quantile']).default('z-score'),
    /** Training episodes used of each instruction, the first ones; 0 takes all. */
    episodesPerTask: z.number().int().min(0).default(0),
  }),
  backbone: backboneSchema.prefault({}),
  action: actionSchema.prefault({}),
  motion: motionSchema.prefault({}),
  vae: vaeSchema.prefault({}),
  optimiser: optimiserSchema.prefault({}),
  steps: positiveInt.default(2000),
  batchSize: positiveInt.default(32),
  validateEvery: positiveInt.default(200),
  checkpointEvery: positiveInt.default(500),
  keepCheckpoints: positiveInt.default(3),
})

/** Side of the stem's token grid: one camera gives its square in tokens. Not whole for a config that is refused. */
export function tokenGrid(config: { data: { imageSizePx: number }; backbone: { stem: 'merge' | 'conv' | 'patch'; stemChannels: readonly number[]; patchSizePx: number } }): number {
  const { stem, stemChannels, patchSizePx } = config.backbone
  const side = { conv: 2 ** stemChannels.length, patch: patchSizePx, merge: patchSizePx * 2 ** (stemChannels.length - 1) }
  return config.data.imageSizePx / side[stem]
}

/** Side of the VAE's latent for a square motion image of the policy's picture size. */
export function latentSize(config: { data: { imageSizePx: number }; vae: { foldPx: number; blockChannels: readonly number[] } }): number {
  return config.data.imageSizePx / (config.vae.foldPx * 2 ** (config.vae.blockChannels.length - 1))
}

/** Fields that are right one by one and contradict each other. */
export const trainConfigSchema = trainConfigFields.superRefine((config, context) => {
  const refuse = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message })
  const { data, backbone, action, motion, vae } = config
  if (backbone.width % backbone.heads !== 0) refuse(['backbone', 'heads'], `backbone.width ${backbone.width} must be a multiple of backbone.heads ${backbone.heads}`)
  if (backbone.width % 4 !== 0) refuse(['backbone', 'width'], `backbone.width ${backbone.width} must be a multiple of 4 (2-D positions)`)
  if (action.width % 2 !== 0) refuse(['action', 'width'], `action.width ${action.width} must be even (time embedding)`)
  if (action.replanSteps > action.chunk) refuse(['action', 'replanSteps'], `action.replanSteps ${action.replanSteps} must not exceed action.chunk ${action.chunk}`)
  if (new Set(data.cameras).size !== data.cameras.length) refuse(['data', 'cameras'], 'data.cameras names a camera twice')
  if (!Number.isInteger(tokenGrid(config))) {
    const { stem, patchSizePx, stemChannels } = backbone
    const side = { conv: 2 ** stemChannels.length, patch: patchSizePx, merge: patchSizePx * 2 ** (stemChannels.length - 1) }[stem]
    refuse(['data', 'imageSizePx'], `data.imageSizePx ${data.imageSizePx} must be a multiple of ${side}, the pixels that one token of the "${stem}" stem covers`)
  }
  if (data.randomShiftPx * 2 >= data.imageSizePx) refuse(['data', 'randomShiftPx'], `data.randomShiftPx ${data.randomShiftPx} must be below half of data.imageSizePx ${data.imageSizePx}`)
  if (motion.target === 'none') return
  if (!data.cameras.includes(motion.camera)) refuse(['motion', 'camera'], `motion.camera "${motion.camera}" is not one of data.cameras (${data.cameras.join(', ')})`)
  if (motion.width % motion.heads !== 0) refuse(['motion', 'heads'], `motion.width ${motion.width} must be a multiple of motion.heads ${motion.heads}`)
  if (motion.width % 4 !== 0) refuse(['motion', 'width'], `motion.width ${motion.width} must be a multiple of 4 (2-D positions)`)
  const latent = latentSize(config)
  if (!Number.isInteger(latent)) refuse(['vae', 'blockChannels'], `data.imageSizePx ${data.imageSizePx} must be a multiple of the VAE's downsampling ${data.imageSizePx / latent}`)
  else if (latent % motion.patchSize !== 0) refuse(['motion', 'patchSize'], `the latent's side ${latent} must be a multiple of motion.patchSize ${motion.patchSize}`)
  for (const channels of vae.blockChannels) {
    if (channels % vae.normGroups !== 0) refuse(['vae', 'normGroups'], `vae.blockChannels entry ${channels} must be a multiple of vae.normGroups ${vae.normGroups}`)
  }
})
export type TrainConfig = z.infer<typeof trainConfigSchema>
export type TrainConfigInput = z.input<typeof trainConfigSchema>
