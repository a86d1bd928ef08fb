import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import type { Rng } from '../base/rng.ts'
import { tf } from '../tensor/tf.ts'

/**
 * Flow matching with openpi's sign: time 1 is noise, time 0 is data. x_t = t * noise + (1 - t) * data and the network
 * learns the velocity u = noise - data, so that Euler steps run from 1 down to 0.
 */

/** x_t for a time broadcast over all but the leading axes of `data`. */
export function interpolate(data: Tensor, noise: Tensor, time: Tensor): Tensor {
  const t = tf.reshape(time, [...time.shape, ...Array<number>(data.rank - time.rank).fill(1)])
  return tf.add(tf.mul(t, noise), tf.mul(tf.sub(1, t), data))
}

export function targetVelocity(data: Tensor, noise: Tensor): Tensor {
  return tf.sub(noise, data)
}

/**
 * Euler's method from time 1 (noise) to 0 (data) in equal steps, unrolled.
 * @param velocity gives dx/dt at (x, time [N])
 * @returns every state from the noise to the end, `steps + 1` tensors
 */
export function eulerPath(noise: Tensor, steps: number, velocity: (x: Tensor, time: Tensor1D) => Tensor): Tensor[] {
  const batch = noise.shape[0]!
  const path = [noise]
  for (let step = 0; step < steps; step++) {
    const x = path[step]!
    const time = tf.fill([batch], 1 - step / steps) as Tensor1D
    path.push(tf.sub(x, tf.mul(velocity(x, time), 1 / steps)))
  }
  return path
}

export type TimeDistribution = 'beta' | 'uniform' | 'logit-normal'

/**
 * Flow times: `beta` is openpi's Beta(1.5, 1) * 0.999 + 0.001 (more weight near the noise), `logit-normal` is
 * sigmoid(N(0, 1)) as in Stable Diffusion 3.
 */
export function drawTimes(rng: Rng, count: number, distribution: TimeDistribution): Float32Array {
  return Float32Array.from({ length: count }, () => {
    if (distribution === 'beta') return rng.betaOne(1.5) * 0.999 + 0.001
    if (distribution === 'uniform') return rng.uniform()
    return 1 / (1 + Math.exp(-rng.normal()))
  })
}
