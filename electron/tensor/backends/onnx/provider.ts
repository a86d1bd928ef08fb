import { cpus } from 'node:os'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { ProviderName } from '../../../contract/config.ts'
import type { Provider } from '../../provider.ts'
import { tf } from '../../tf.ts'
import { silent, type Log } from '../log.ts'
import { keepFullPrecision } from './cuda.ts'
import { OnnxBackend } from './backend.ts'
import { SessionCache } from './cache.ts'
import { OnnxStep } from './compile.ts'
import { registerBackend, unregisterBackend } from './register.ts'
import { loadRuntime, type ExecutionProvider, type SessionOptions } from './session.ts'
import { GpuState, ProcessorState } from './state.ts'

export interface OnnxProviderOptions {
  /** 0 takes every core. */
  readonly threads?: number
  readonly log?: Log
}

/** onnxruntime does not tell the adapter's name. */
function deviceName(provider: ExecutionProvider): string {
  const software = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES
  switch (provider) {
    case 'cpu':
      return cpus()[0]?.model.trim() ?? 'CPU'
    case 'cuda':
      return 'NVIDIA GPU (CUDA)'
    case 'webgpu':
      return software ? `Vulkan driver of ${software}` : 'GPU (WebGPU)'
    case 'dml':
      return 'GPU (DirectML)'
    case 'coreml':
      return 'Apple silicon (Core ML)'
  }
}

/** Providers opened so far: tfjs knows a backend by its name, and two of a kind must not take each other's place. */
let opened = 0

/** The lazy ONNX backend on one of onnxruntime's execution providers. */
export function openOnnxProvider(name: ProviderName, provider: ExecutionProvider, { threads = 0, log = silent }: OnnxProviderOptions = {}): Provider {
  if (provider === 'cuda') keepFullPrecision()
  const { version } = loadRuntime()
  const session: SessionOptions = { provider, threads, isBusy: true }
  const cache = new SessionCache(session, log)
  const backend = new OnnxBackend({ provider, isFused: provider === 'cpu' }, cache, log)
  const backendName = `${name}-${++opened}`
  registerBackend(backendName, backend)
  const use = (): void => {
    if (tf.getBackend() !== backendName) tf.setBackend(backendName)
  }
  return {
    name,
    version: `onnxruntime ${version}`,
    deviceName: deviceName(provider),
    createState: (tensors) => (provider === 'webgpu' ? new GpuState(tensors, session) : new ProcessorState(tensors)),
    compile: (step, options) => new OnnxStep(step, options, backend, backendName, session),
    eager<T>(fn: () => T): T {
      use()
      return tf.tidy((() => {
        const result = fn()
        // What leaves is computed now, all in one run, so that graphs do not grow from call to call.
        const tensors = tf.tensor_util.getTensorsInContainer(result as never) as Tensor[]
        backend.materialise(tensors.map((tensor) => backend.value(tensor)))
        return result
      }) as () => never) as T
    },
    dispose: () => unregisterBackend(backendName),
  }
}
