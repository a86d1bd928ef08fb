import { z } from 'zod'
import { flowSourceSchema } from './flow.ts'
import { currentConfig } from './raw-config.ts'

/** The whole configuration of one training run. Every field has a default, so `{}` is the `nano` preset. Descriptions are what the form, `--help` and the JSON Schema show; units are the last word of a field's name. */

export const providerNames = ['tensorflow-gpu', 'onnx-cuda', 'onnx-webgpu', 'onnx-dml', 'onnx-coreml', 'onnx-cpu', 'tensorflow', 'cpu'] as const
export const providerNameSchema = z.enum(providerNames)
export type ProviderName = z.infer<typeof providerNameSchema>
export const deviceSchema = z.enum(['auto', ...providerNames])
export type Device = z.infer<typeof deviceSchema>

const positiveInt = z.number().int().positive()

export const backboneSchema = z.strictObject({
  stem: z.enum(['merge', 'conv', 'patch']).default('merge').describe('How a picture becomes tokens. merge: small patches, then 2x2 neighbours joined by a linear layer and SiLU per level, a pyramid of plain matrix products. conv: stride-2 3x3 convolutions. patch: linear patches as in ViT.'),
  stemChannels: z.array(positiveInt).min(1).default([32, 64, 96]).describe('Output channels of each level of merge (the first embeds the patches) or conv; the last is projected to the width.'),
  patchSizePx: positiveInt.default(4).describe('Side of a patch, for the stems merge and patch.'),
  width: positiveInt.default(96).describe('Numbers per token of the prefix.'),
  depth: positiveInt.default(3).describe('Transformer blocks; the action expert has as many.'),
  heads: positiveInt.default(4).describe('Attention heads; they divide the width.'),
  mlpRatio: z.number().positive().default(4).describe('Hidden width of the MLP over the width.'),
  maxTextTokens: positiveInt.default(10).describe('Longest instruction; longer ones are cut.'),
  vocabularySize: z.number().int().min(260).default(512).describe("Rows of the token table. The tokenizer is trained on the dataset's instructions and uses at most so many."),
}).describe('Vision and language become one bidirectional prefix.')

export const actionSchema = z.strictObject({
  variant: z.enum(['pi0', 'pi05']).default('pi0').describe('pi0: state token and time MLP. pi05: adaRMS time, no state token.'),
  width: positiveInt.default(96).describe('Numbers per action token; the expert has weights of its own and shares attention with the prefix.'),
  mlpRatio: z.number().positive().default(4).describe('Hidden width of the MLP over the width.'),
  chunk: positiveInt.default(10).describe('Actions predicted at once.'),
  flowTimesPerPrefix: positiveInt.default(2).describe('Flow times drawn per prefix: more action loss for one pass of the backbone.'),
  eulerSteps: positiveInt.default(10).describe('Euler steps at inference.'),
  replanSteps: positiveInt.default(5).describe('Actions executed before the policy is asked again.'),
  startNoise: z.enum(['zero', 'random']).default('zero').describe('Where the Euler steps begin at inference. zero: at the mean of the noise, the better one where it was measured. random: at a draw that depends on the seed alone.'),
}).describe('Predicts chunks of actions by flow matching.')

export const motionTargets = ['none', 'motion-image', 'future-frame', 'raw-flow', 'words'] as const

export const motionSchema = z.strictObject({
  target: z
    .enum(motionTargets)
    .default('motion-image')
    .describe(
      'What the second head learns. none: no second head, the action head alone. motion-image: the flow drawn with the colour wheel (the paper). future-frame: the picture itself, horizonSteps later. raw-flow: the two flow components as two channels. words: for each cell of a grid, a word for how it moves, learned with cross-entropy.',
    ),
  space: z
    .enum(['latent', 'pixels'])
    .default('latent')
    .describe("Where the head denoises. latent: in the frozen VAE's latent (the paper). pixels: on the picture itself, without a VAE. Without meaning for words."),
  control: z
    .enum(['none', 'static', 'shuffled', 'noise'])
    .default('none')
    .describe(
      'Spoils the target on purpose, to tell what an effect is due to. none: the true target. static: the target as if nothing ever moved. shuffled: the target of a frame of the same episode drawn anew at every step. noise: fresh Gaussian noise (random words for words), a head of equal size that can learn nothing.',
    ),
  lambda: z.number().min(0).default(1).describe('Weight of the motion loss in L = L_action + lambda * L_motion.'),
  horizonSteps: positiveInt.default(5).describe('Steps from the observed frame to the frame that the target speaks of.'),
  flow: flowSourceSchema.default('auto').describe("Where optical flow comes from. auto: exact flow where the dataset has it, dis elsewhere. exact: only that. dis: Kinora's own estimator. farneback: polynomial expansion. onnx: the model of flowModel."),
  flowModel: z.string().default('').describe('Path of a RAFT-like .onnx file, for flow onnx.'),
  cameras: z.array(z.string()).min(1).default(['agentview']).describe('Cameras whose motion is predicted, one target each; some of data.cameras. The head denoises all of them together, and the loss is their mean.'),
  normalisation: z
    .enum(['image-max', 'fixed', 'quantile'])
    .default('image-max')
    .describe("Flow length at full saturation. image-max: the picture's own longest vector (the paper; speed is lost). fixed: fixedPx. quantile: this quantile of the longest vectors of the training frames."),
  fixedPx: z.number().positive().default(8).describe("Pixels of the model's picture at full saturation under normalisation fixed."),
  quantile: z.number().gt(0).max(1).default(0.99).describe('Share of training frames whose longest vector lies below full saturation under normalisation quantile.'),
  staticPx: z.number().min(0).default(0.5).describe('A frame whose longest vector is shorter than this many pixels counts as still.'),
  sign: z.enum(['forward', 'reversed']).default('forward').describe("forward draws the flow, reversed minus the flow, as the paper's pictures do."),
  wordGrid: positiveInt.default(4).describe('Cells per side of the grid that target words describes.'),
  width: positiveInt.default(64).describe('Width of the head in channels.'),
  depth: positiveInt.default(3).describe('Transformer blocks of the head.'),
  heads: positiveInt.default(4).describe('Attention heads; divides width.'),
  mlpRatio: z.number().positive().default(4).describe('Hidden units of each MLP as a multiple of width.'),
  patchSize: positiveInt.default(2).describe('Side of a patch in latent cells (space latent).'),
  pixelPatchPx: positiveInt.default(8).describe('Side of a patch in pixels (space pixels).'),
  adaLn: z
    .enum(['shared', 'block'])
    .default('shared')
    .describe('Time conditioning. shared: one adaLN projection and a learned table per block (PixArt). block: one projection per block (DiT).'),
  conditioning: z
    .enum(['cross-attention', 'pooled', 'in-context'])
    .default('cross-attention')
    .describe("How the head reads the prefix. cross-attention: to all its tokens. pooled: their mean added to the time. in-context: its tokens beside the target's."),
  eulerSteps: positiveInt.default(10).describe('Denoising steps when the head imagines.'),
  timeDistribution: z
    .enum(['beta', 'uniform', 'logit-normal'])
    .default('beta')
    .describe('Flow times in training. beta: Beta(1.5, 1), more of them near the noise, as the actions. uniform. logit-normal: sigmoid of N(0, 1), more of them in the middle.'),
  maskEpisodeEnd: z.boolean().default(false).describe("true leaves frames out of the motion loss whose horizon would pass the episode's end; false lets them point at the last frame."),
}).describe('Predicts where things move; absent from the policy at inference.')

export const vaeSchema = z.strictObject({
  weights: z.string().min(1).nullable().default(null).describe('Name of an imported autoencoder (kinora vae import), which then gives the architecture; none trains one on the motion images.'),
  latentChannels: positiveInt.default(4).describe('Channels of the latent that the motion head predicts.'),
  foldPx: positiveInt.default(4).describe('Pixels are folded into channels in squares of this side before the first convolution, and unfolded after the last.'),
  blockChannels: z.array(positiveInt).min(1).default([16, 16]).describe('Channels per resolution; each level after the first halves the picture.'),
  layersPerBlock: positiveInt.default(1).describe('Residual blocks per resolution.'),
  normGroups: positiveInt.default(8).describe('Groups of the group normalisation; they divide every entry of the channels.'),
  klWeight: z.number().min(0).default(1e-6).describe('Weight of the Kullback-Leibler term.'),
  steps: positiveInt.default(500).describe('Training of the autoencoder before the policy; it is frozen afterwards.'),
  batchSize: positiveInt.default(8).describe('Motion images per step.'),
  learningRate: z.number().positive().default(1e-2).describe('Peak learning rate of the autoencoder.'),
}).describe('Turns motion images into latents and back.')

export const optimiserSchema = z.strictObject({
  learningRate: z.number().positive().default(1e-3).describe('Peak learning rate.'),
  schedule: z
    .enum(['cosine', 'constant', 'rsqrt'])
    .default('cosine')
    .describe('Learning rate after the warm-up. cosine: half a cosine down to finalFraction. constant: stays at the peak. rsqrt: peak / sqrt(1 + steps since the warm-up / timescaleSteps).'),
  finalFraction: z.number().min(0).max(1).default(0.05).describe('Learning rate at the end of the cosine as a fraction of the peak.'),
  decaySteps: z.number().int().min(0).default(0).describe('Step at which the cosine ends and the rate stays; 0: the last step of the run.'),
  timescaleSteps: positiveInt.default(10_000).describe('Time scale of schedule rsqrt in steps.'),
  warmupSteps: z.number().int().min(0).default(100).describe('Steps over which the learning rate rises to the peak.'),
  accumulationSteps: positiveInt.default(1).describe('Batches whose gradients are averaged into one update: the effective batch is batchSize times this, in the memory of batchSize.'),
  weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay of matrices and filters.'),
  beta1: z.number().min(0).max(1).default(0.9).describe('Decay of the first moment.'),
  beta2: z.number().min(0).max(1).default(0.95).describe('Decay of the second moment.'),
  epsilon: z.number().positive().default(1e-8).describe("Adam's guard against division by zero."),
  clipNorm: z.number().positive().default(1).describe('Largest global L2 norm of the gradient.'),
  emaDecay: z.number().min(0).max(1).default(0.999).describe('Decay of the moving average of the parameters, which acts and imagines; 0 keeps no average.'),
}).describe('AdamW with warm-up and decay of the learning rate.')

export const earlyStoppingSchema = z.strictObject({
  patience: z.number().int().min(0).default(0).describe('Validations in a row without improvement after which the run ends; 0 never ends it early.'),
  metric: z.enum(['val/action', 'val/motion', 'val/total']).default('val/action').describe('Validation loss that is watched. val/total is val/action + lambda * val/motion.'),
  minImprovement: z.number().min(0).default(0).describe('A loss counts as better when it is lower than the best by more than this share of it (0.01 is 1 %).'),
})

/** One sign per number of a vector: what a left-right mirror does to it. */
const signs = z.array(z.union([z.literal(1), z.literal(-1)])).min(1)

export const dataSchema = z.strictObject({
  dataset: z.string().min(1).describe("A dataset's id in the catalogue, or its folder."),
  cameras: z.array(z.string()).min(1).default(['agentview', 'robot0_eye_in_hand']).describe('Cameras that the policy sees, in this order.'),
  state: z.array(z.string()).default([]).describe("Features of the dataset that are joined into the robot's state, in order; none takes the dataset's own choice."),
  action: z.array(z.string()).default([]).describe("Features of the dataset that are joined into the action, in order; none takes the dataset's own choice."),
  instruction: z.string().max(1000).default('').describe("One sentence in place of every episode's instruction; empty takes those of the dataset."),
  imageSizePx: positiveInt.default(64).describe('Side of the square that every picture is fitted into, in pixels.'),
  validationFraction: z.number().min(0).max(0.9).default(0.1).describe("Share of each task's episodes, taken from the end, that never enters training."),
  randomShiftPx: z.number().int().min(0).default(2).describe('Largest random shift of the pictures in pixels; the motion target moves alike.'),
  randomCropFraction: z.number().gt(0).max(1).default(1).describe('Smallest side of a random crop as a share of the picture, scaled back to full size; the motion target is cropped alike and its flow scaled. 1 crops nothing.'),
  flipProbability: z.number().min(0).max(1).default(0).describe('Share of samples that are mirrored left-right in every picture; flow, actions and state are mirrored alike. Refused where it is not known what a mirror does to the actions.'),
  mirror: z
    .strictObject({ state: signs, action: signs })
    .nullable()
    .default(null)
    .describe('What a left-right mirror does to each number of state and action: 1 keeps, -1 negates. null knows it from the names of end-effector vectors (x, y, z, rotation, gripper) only.'),
  shiftVariants: z
    .number()
    .int()
    .min(0)
    .default(4)
    .describe('How many different random shifts, crops and flips each picture has; 0 draws new ones at every step. With a few, the latent of each is computed once and kept, where all fit in memory.'),
  normalisation: z.enum(['z-score', 'quantile']).default('z-score').describe('Of state and actions. z-score: mean 0 and deviation 1 (pi0). quantile: the 1 % and 99 % quantiles to -1 and 1 (pi0.5).'),
  episodesPerTask: z.number().int().min(0).default(0).describe('Training episodes used of each instruction, the first ones; 0 takes all.'),
}).describe('What is learned from.')

const trainConfigFields = z.strictObject({
  preset: z.string().default('nano').describe('Preset that the run was made from.'),
  seed: z.number().int().min(0).max(0xffffffff).default(0).describe('Seed of everything random: initial parameters, order, noises, augmentation.'),
  device: deviceSchema.default('auto').describe('Where to compute; auto takes the first provider of the ladder that passes its self-test.'),
  threads: z.number().int().min(0).default(0).describe('0 takes every core.'),
  stage: z
    .enum(['joint', 'motion-warm-up'])
    .default('joint')
    .describe('joint: both heads (the action head alone where motion.target is none). motion-warm-up: the motion head before the action head exists; the data needs no actions. A joint run continues from it with startFrom.'),
  warmUpBackbone: z.enum(['trained', 'frozen']).default('trained').describe('Whether the backbone trains along during stage motion-warm-up.'),
  startFrom: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("Run (id or folder, with @step for one checkpoint) whose averaged parameters, tokenizer and VAE this run starts with; what it lacks starts at random. null starts everything at random."),
  data: dataSchema,
  backbone: backboneSchema.prefault({}),
  action: actionSchema.prefault({}),
  motion: motionSchema.prefault({}),
  vae: vaeSchema.prefault({}),
  optimiser: optimiserSchema.prefault({}),
  steps: positiveInt.default(3000).describe('Updates of the parameters.'),
  batchSize: positiveInt.default(32).describe('Samples per batch.'),
  validateEvery: positiveInt.default(200).describe('Steps between two validations on held-out episodes.'),
  sampleEvery: z.number().int().min(0).default(500).describe('Steps between two samples of what the motion head imagines on held-out frames, kept in the run; 0 samples never.'),
  checkpointEvery: positiveInt.default(500).describe('Steps between two checkpoints.'),
  keepCheckpoints: positiveInt.default(3).describe('How many of the newest checkpoints are kept; evaluated ones and the best one stay, too.'),
  earlyStopping: earlyStoppingSchema.prefault({}),
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
const consistentConfig = trainConfigFields.superRefine((config, context) => {
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
  if (data.flipProbability > 0 && motion.control === 'shuffled') refuse(['data', 'flipProbability'], 'data.flipProbability must be 0 where motion.control is "shuffled": a target of another frame has no flip to follow')
  if (config.stage === 'motion-warm-up' && motion.target === 'none') refuse(['motion', 'target'], 'motion.target "none" leaves stage "motion-warm-up" nothing to train; choose a target or stage "joint"')
  if (config.earlyStopping.patience > 0) {
    const { metric } = config.earlyStopping
    const absent = metric === 'val/motion' ? motion.target === 'none' : config.stage === 'motion-warm-up'
    if (absent) refuse(['earlyStopping', 'metric'], `earlyStopping.metric "${metric}" is not measured in this run; expected "${metric === 'val/motion' ? 'val/action' : 'val/motion'}"`)
    if (data.validationFraction === 0) refuse(['earlyStopping', 'patience'], 'earlyStopping.patience needs held-out episodes: data.validationFraction is 0')
  }
  if (motion.target === 'none') return
  if (new Set(motion.cameras).size !== motion.cameras.length) refuse(['motion', 'cameras'], 'motion.cameras names a camera twice')
  for (const camera of motion.cameras) {
    if (!data.cameras.includes(camera)) refuse(['motion', 'cameras'], `motion.cameras names "${camera}", which is not one of data.cameras (${data.cameras.join(', ')})`)
  }
  if (motion.flow === 'onnx' && motion.flowModel === '') refuse(['motion', 'flowModel'], 'motion.flow "onnx" needs motion.flowModel, the path of a RAFT-like .onnx file')
  if (motion.width % motion.heads !== 0) refuse(['motion', 'heads'], `motion.width ${motion.width} must be a multiple of motion.heads ${motion.heads}`)
  if (motion.width % 4 !== 0) refuse(['motion', 'width'], `motion.width ${motion.width} must be a multiple of 4 (2-D positions)`)
  if (motion.target === 'words') {
    if (data.imageSizePx % motion.wordGrid !== 0) refuse(['motion', 'wordGrid'], `data.imageSizePx ${data.imageSizePx} must be a multiple of motion.wordGrid ${motion.wordGrid}`)
    return
  }
  if (motion.space === 'pixels') {
    if (data.imageSizePx % motion.pixelPatchPx !== 0) refuse(['motion', 'pixelPatchPx'], `data.imageSizePx ${data.imageSizePx} must be a multiple of motion.pixelPatchPx ${motion.pixelPatchPx}`)
    return
  }
  const latent = latentSize(config)
  if (!Number.isInteger(latent)) refuse(['vae', 'blockChannels'], `data.imageSizePx ${data.imageSizePx} must be a multiple of the VAE's downsampling ${data.imageSizePx / latent}`)
  else if (latent % motion.patchSize !== 0) refuse(['motion', 'patchSize'], `the latent's side ${latent} must be a multiple of motion.patchSize ${motion.patchSize}`)
  for (const channels of vae.blockChannels) {
    if (channels % vae.normGroups !== 0) refuse(['vae', 'normGroups'], `vae.blockChannels entry ${channels} must be a multiple of vae.normGroups ${vae.normGroups}`)
  }
})

/** Reads configurations of earlier versions, too. */
export const trainConfigSchema = z.preprocess(currentConfig, consistentConfig)
export type TrainConfig = z.infer<typeof consistentConfig>
export type TrainConfigInput = z.input<typeof consistentConfig>
