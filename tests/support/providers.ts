import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'
import type { Provider } from '../../electron/tensor/provider.ts'

/** The default that ships with Kinora, on one thread; `tensor-providers.ts` has all. */
export const openTestOnnx = (): Provider => openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 })
