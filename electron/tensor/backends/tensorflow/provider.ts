import { createRequire } from 'node:module'
import { KinoraError } from '../../../contract/errors.ts'
import type { Provider } from '../../provider.ts'
import { registerGradients } from '../../gradients/index.ts'
import { tf } from '../../tf.ts'
import { eagerProvider } from '../cpu/provider.ts'

const packages = { 'tensorflow-gpu': '@tensorflow/tfjs-node-gpu', 'tensorflow': '@tensorflow/tfjs-node' } as const

/** libtensorflow through tfjs-node, which shares our copy of tfjs-core. @throws when it is not installed or does not load. */
export function openTensorflowProvider(name: keyof typeof packages): Provider {
  const require = createRequire(import.meta.url)
  // tfjs-node 4.22 calls a function that Node 23 removed.
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean }
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  require(packages[name])
  // The package registers tfjs's gradients over ours.
  registerGradients()
  const backend = tf.findBackend('tensorflow') as unknown as { isUsingGpuDevice?: boolean } | null
  if (!backend) throw new KinoraError('device-unavailable', `${packages[name]} loaded, but offers no backend.`, 'Install it again: npm install --include=optional.')
  if (name === 'tensorflow-gpu' && !backend.isUsingGpuDevice) {
    throw new KinoraError('device-unavailable', 'TensorFlow sees no usable GPU (it needs CUDA 11 and cuDNN 8).', 'Install these libraries, or use another device.')
  }
  const { version } = require(`${packages[name]}/package.json`) as { version: string }
  return eagerProvider({ name, backend: 'tensorflow', version, deviceName: name === 'tensorflow-gpu' ? 'CUDA GPU (TensorFlow)' : 'CPU (TensorFlow)' })
}
