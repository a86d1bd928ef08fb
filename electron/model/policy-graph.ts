import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import type { TrainConfig } from '../contract/config.ts'
import type { StepFunction } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import { sampleActions } from './dual-head.ts'
import { normalisationMaps, type NormalisationMap, type VectorStatistics } from './normalisation.ts'
import { pictureLayout } from './picture-layout.ts'
import { resizeMatrices } from './pixels.ts'
import type { SnapshotMeta } from './snapshot-meta.ts'

/** What the exported policy is fed and gives, named as LeRobot's features. */
export const graphNames = {
  image: (camera: string) => `observation.images.${camera}`,
  state: 'observation.state',
  instruction: 'instruction',
  noise: 'noise',
  action: 'action',
} as const

export interface PictureSize {
  readonly width: number
  readonly height: number
}

/**
 * The policy from raw observations to actions in the robot's units, as one pure function: what `loadPolicy` does outside
 * its compiled step (resizing, the order of patches, normalisation, the instruction's mask) lies inside.
 * Inputs: a picture [B, H, W, 3] of 0 to 255 per camera, the state [B, S] as recorded, the instruction's token ids [B, T]
 * int32 padded with 0, and the noise [B, C, A] that the Euler steps begin at. Output: `action` [B, C, A].
 */
export function policyGraph(config: TrainConfig, meta: SnapshotMeta, pictures: Readonly<Record<string, PictureSize>>): StepFunction {
  const { norm_stats: statistics } = meta.statistics
  const { normalisation } = config.data
  return (parameters, inputs) => {
    const cameras = config.data.cameras.map((camera) => modelPicture(config, inputs[graphNames.image(camera)]!, pictures[camera]!))
    const batch = inputs[graphNames.state]!.shape[0]!
    const images = tf.reshape(tf.stack(cameras, 1), [batch * cameras.length, ...pictureLayout(config).shape])
    const textIds = inputs[graphNames.instruction] as Tensor2D
    const textMask = tf.cast(tf.greater(textIds, tf.scalar(0, 'int32')), 'float32') as Tensor2D
    const maps = mapTensors(statistics.state, normalisation)
    const state = tf.add(tf.mul(tf.sub(inputs[graphNames.state]!, maps.centre), maps.scale), maps.offset)
    const actions = sampleActions(config, parameters, { images, textIds, textMask }, state as Tensor2D, inputs[graphNames.noise]!)
    const robot = mapTensors(statistics.actions, normalisation)
    return { outputs: { [graphNames.action]: tf.add(tf.div(tf.sub(actions, robot.offset), robot.scale), robot.centre) } }
  }
}

/** [B, H, W, 3] of 0 to 255 as the stem reads it, [B, ...layout], -1 to 1: resized as `resizeToSquare`, then `writePicture`. */
function modelPicture(config: TrainConfig, bytes: Tensor, size: PictureSize): Tensor {
  const side = config.data.imageSizePx
  const batch = bytes.shape[0]!
  let x: Tensor = tf.cast(bytes, 'float32')
  if (size.width !== side || size.height !== side) {
    const { rows, columns } = resizeMatrices(size.width, size.height, side)
    // [B, H, W, 3] -> [B, 3, H, W], then columns, then rows.
    const planes = tf.transpose(x, [0, 3, 1, 2])
    const narrow = tf.matMul(planes, tf.transpose(tf.tensor2d(columns, [side, size.width])))
    const small = tf.matMul(tf.tensor2d(rows, [side, size.height]), narrow)
    // Pictures are bytes: rounded half up, as they are in training.
    x = tf.transpose(tf.floor(tf.add(small, 0.5)), [0, 2, 3, 1])
  }
  const arranged = tf.gather(tf.reshape(x, [batch, side * side * 3]), tf.tensor1d(pictureLayout(config).places, 'int32'), 1)
  return tf.sub(tf.div(arranged, 127.5), 1)
}

function mapTensors(statistics: VectorStatistics, kind: TrainConfig['data']['normalisation']): Record<keyof NormalisationMap, Tensor> {
  const maps = normalisationMaps(statistics, kind)
  const column = (name: keyof NormalisationMap): Tensor => tf.tensor1d(maps.map((map) => map[name]))
  return { centre: column('centre'), scale: column('scale'), offset: column('offset') }
}
