import { createRequire } from 'node:module'
import type * as TensorFlow from '@tensorflow/tfjs-core'

/**
 * tfjs-core without our gradients: only gradients/ and tf.ts import this file.
 *
 * Loaded with require because the package's ES modules cannot be loaded by Node (no file extensions, `require` inside)
 * and because tfjs-backend-cpu and tfjs-node require the same file: one copy in the process, in Node, in tests and in
 * the packaged app alike. That build registers no gradients and no chained methods (`x.reshape`): see tf.ts.
 */
export const core = createRequire(import.meta.url)('@tensorflow/tfjs-core') as typeof TensorFlow
