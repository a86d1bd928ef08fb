import { openCpuProvider } from '../../electron/tensor/backends/cpu/provider.ts'
import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'
import type { Provider } from '../../electron/tensor/provider.ts'

/** tfjs's reference kernels, and the default that ships with Kinora. */
export const testProviders: readonly (readonly [name: string, open: () => Provider])[] = [
  ['cpu', openCpuProvider],
  ['onnx-cpu', () => openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 })],
]

export const openTestOnnx = (): Provider => openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 })
