import type { ProviderName } from '../../contract/config.ts'
import type { Log } from '../backends/log.ts'
import type { Provider } from '../provider.ts'

export interface OpenOptions {
  /** 0 takes every core. */
  readonly threads?: number
  readonly log?: Log
}

/** onnxruntime's name of each provider that runs on it. */
export const onnxProviders = { 'onnx-cuda': 'cuda', 'onnx-webgpu': 'webgpu', 'onnx-dml': 'dml', 'onnx-coreml': 'coreml', 'onnx-cpu': 'cpu' } as const

/** Opens one rung of the ladder with no test before it. Backends are loaded only when they are opened. */
export async function openUntested(name: ProviderName, options: OpenOptions = {}): Promise<Provider> {
  switch (name) {
    case 'tensorflow-gpu':
    case 'tensorflow':
      return (await import('../backends/tensorflow/provider.ts')).openTensorflowProvider(name)
    case 'onnx-cuda':
    case 'onnx-webgpu':
    case 'onnx-dml':
    case 'onnx-coreml':
    case 'onnx-cpu':
      return (await import('../backends/onnx/provider.ts')).openOnnxProvider(name, onnxProviders[name], options)
    case 'cpu':
      return (await import('../backends/cpu/provider.ts')).openCpuProvider()
  }
}
