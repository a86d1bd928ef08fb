import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'

/** Rows of `table` [V, C] named by int32 `ids` [...] -> [..., C]. */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  return tf.gather(table, ids as never, 0)
}
