import { openCpuProvider } from '../../electron/tensor/backends/cpu/provider.ts'
import type { Log } from '../../electron/tensor/backends/log.ts'
import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'
import type { Provider } from '../../electron/tensor/provider.ts'

/** Every provider that this machine can run: the port suites run on each. */
export function providers(): { name: string; open: (log?: Log) => Provider }[] {
  return [
    { name: 'cpu', open: () => openCpuProvider() },
    { name: 'onnx-cpu', open: (log) => openOnnxProvider('onnx-cpu', 'cpu', { threads: 1, log }) },
  ]
}
