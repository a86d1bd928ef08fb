import type { Device } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import { openCpuProvider } from './backends/cpu/provider.ts'
import { openOnnxProvider } from './backends/onnx/provider.ts'
import type { Log } from './backends/log.ts'
import type { Provider } from './provider.ts'

export interface OpenOptions {
  /** 0 takes every core. */
  readonly threads?: number
  readonly log?: Log
}

export async function openProvider(device: Device, options: OpenOptions = {}): Promise<Provider> {
  if (device === 'cpu') return openCpuProvider()
  if (device === 'auto' || device === 'onnx-cpu') return openOnnxProvider('onnx-cpu', 'cpu', options)
  throw new KinoraError('device-unavailable', `The device '${device}' is not available.`, 'Known devices here: auto, onnx-cpu, cpu.')
}
