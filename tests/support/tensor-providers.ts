import { openCpuProvider } from '../../electron/tensor/backends/cpu/provider.ts'
import type { Log } from '../../electron/tensor/backends/log.ts'
import { openOnnxProvider } from '../../electron/tensor/backends/onnx/provider.ts'
import type { Provider } from '../../electron/tensor/provider.ts'

/**
 * The providers that this machine can run: the port suites run on each. WebGPU when KINORA_TEST_WEBGPU is set, because it
 * aborts the process where there is no adapter (VK_ICD_FILENAMES may name SwiftShader's).
 */
export function providers(): { name: string; open: (log?: Log) => Provider }[] {
  const webgpu = process.env.KINORA_TEST_WEBGPU ? [{ name: 'onnx-webgpu', open: (log?: Log) => openOnnxProvider('onnx-webgpu', 'webgpu', { log }) }] : []
  return [
    { name: 'cpu', open: () => openCpuProvider() },
    { name: 'onnx-cpu', open: (log) => openOnnxProvider('onnx-cpu', 'cpu', { threads: 1, log }) },
    ...webgpu,
  ]
}
