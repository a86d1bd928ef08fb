import type { ProviderName } from '../../electron/contract/config.ts'
import { openCpuProvider } from '../../electron/tensor/backends/cpu/provider.ts'
import type { Log } from '../../electron/tensor/backends/log.ts'
import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'
import type { Provider } from '../../electron/tensor/provider.ts'
import { openTensorflowProvider } from '../../electron/tensor/backends/tensorflow/provider.ts'
import { onnxProviders } from '../../electron/tensor/registry/open.ts'

export interface TestProvider {
  readonly name: ProviderName
  readonly open: (log?: Log) => Provider
}

/**
 * The providers that the port suites run on: two that every machine has, and those that KINORA_TEST_PROVIDERS names, as in
 * `onnx-cuda,onnx-webgpu,tensorflow`. Not by detection: WebGPU ends the process where there is no adapter (VK_ICD_FILENAMES may name
 * a software one), and a suite that meant to run on a GPU must fail without one.
 */
export function providers(): TestProvider[] {
  const more = (process.env.KINORA_TEST_PROVIDERS ?? '').split(',').filter(Boolean)
  return [{ name: 'cpu', open: () => openCpuProvider() }, onnx('onnx-cpu'), ...more.map((name) => (name === 'tensorflow' || name === 'tensorflow-gpu' ? tensorflow(name) : onnx(name)))]
}

function tensorflow(name: 'tensorflow' | 'tensorflow-gpu'): TestProvider {
  return { name, open: () => openTensorflowProvider(name) }
}

function onnx(name: string): TestProvider {
  if (!(name in onnxProviders)) throw new Error(`KINORA_TEST_PROVIDERS: "${name}" is none of tensorflow, tensorflow-gpu, ${Object.keys(onnxProviders).join(', ')}.`)
  const known = name as keyof typeof onnxProviders
  return { name: known, open: (log) => openOnnxProvider(known, onnxProviders[known], { threads: 1, log }) }
}

/** The default that ships with Kinora, on one thread. */
export const openTestOnnx = (): Provider => onnx('onnx-cpu').open()
