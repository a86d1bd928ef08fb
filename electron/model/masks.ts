import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tensor/tf.ts'

/** What is added to a score that must not count: openpi's value, finite so that a row without any key stays finite. */
export const maskedScore = -2.3819763e38

/**
 * Additive mask of the prefix on itself: every valid key is seen by all.
 * @param textMask [B, T] 1 for a token, 0 for padding
 * @returns [B, 1, 1, imageTokens + T]
 */
export function prefixMask(textMask: Tensor, imageTokens: number): Tensor {
  const [batch, tokens] = textMask.shape as [number, number]
  const text = tf.mul(tf.sub(1, textMask), maskedScore)
  const all = imageTokens > 0 ? tf.concat([tf.zeros([batch, imageTokens]), text], 1) : text
  return tf.reshape(all, [batch, 1, 1, imageTokens + tokens])
}

/**
 * Which suffix token sees which: openpi's block mask for one state token (pi0) and `chunk` action tokens, repeated for
 * `times` independent flow times that share the state token and the prefix. The state sees itself; the actions of one
 * time see the state and each other; nothing sees another time's actions.
 * @returns row-major booleans [S, S] with S = stateTokens + times * chunk
 */
export function suffixVisibility(stateTokens: number, chunk: number, times: number): boolean[][] {
  const size = stateTokens + times * chunk
  const group = (index: number): number => (index < stateTokens ? -1 : Math.floor((index - stateTokens) / chunk))
  return Array.from({ length: size }, (_, query) =>
    Array.from({ length: size }, (_, key) => group(key) === -1 || group(key) === group(query)),
  )
}

/**
 * Additive mask of suffix queries on prefix and suffix keys.
 * @param prefix [B, 1, 1, P] of {@link prefixMask}
 * @returns [B, 1, S, P + S]
 */
export function suffixMask(prefix: Tensor, visibility: readonly (readonly boolean[])[]): Tensor {
  const size = visibility.length
  const [batch, , , prefixTokens] = prefix.shape as [number, number, number, number]
  const block = Float32Array.from(visibility.flat(), (isSeen) => (isSeen ? 0 : maskedScore))
  const left = tf.add(prefix, tf.zeros([1, 1, size, prefixTokens]))
  const right = tf.add(tf.tensor(block, [1, 1, size, size]), tf.zeros([batch, 1, 1, 1]))
  return tf.concat([left, right], 3)
}
