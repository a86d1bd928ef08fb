import { openCpuProvider } from '../../electron/tensor/backends/cpu/provider.ts'
import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'
import type { Provider } from '../../electron/tensor/provider.ts'

/** Every provider that this machine can run: the port suites run on each. */
export function providers(): { name: string; open: () => Provider }[] {
  return [
    { name: 'cpu', open: () => openCpuProvider() },
    { name: 'onnx-cpu', open: () => openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 }) },
  ]
}
