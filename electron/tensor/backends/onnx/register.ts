import type { KernelBackend, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import { KinoraError } from '../../../contract/errors.ts'
import type { InputNames } from '../../ops/kernel.ts'
import { tf } from '../../tf.ts'
import { loadCpuBackend } from '../cpu/provider.ts'
import type { OnnxBackend } from './backend.ts'
import type { Value } from './graph.ts';
import { leaf } from './graph.ts'
import { lowerings, type Lowering } from './kernels/index.ts'

type KernelCall = Parameters<KernelConfig['kernelFunc']>[0]

/** Makes `backend` known to tfjs under `name`, with every kernel of tfjs-cpu: mapped ones recorded, others run there. */
export function registerBackend(name: string, backend: OnnxBackend): void {
  loadCpuBackend()
  const warned = new Set<string>()
  const reference = tf.getKernelsForBackend('cpu')
  const known = new Map(reference.map((config) => [config.kernelName, config.kernelFunc]))
  const names = new Set([...known.keys(), ...Object.keys(lowerings)])
  for (const kernelName of names) {
    if (tf.getKernel(kernelName, name)) continue
    const fallback = known.get(kernelName)
    const kernelFunc: KernelConfig['kernelFunc'] = (call) => {
      const own = call.backend as unknown as OnnxBackend
      if (kernelName === 'Identity') return own.alias(call.inputs.x!)
      const lowering = lowerings[kernelName]
      const recorded = lowering ? record(lowering, call, own) : null
      if (recorded) return recorded
      if (own.tracing !== null) {
        throw new KinoraError(
          'internal',
          `Step '${own.tracing}' uses the kernel ${kernelName}, which the ONNX provider cannot compile in this form.`,
          'Write the operation with other ones, or choose another device (--device cpu runs every kernel).',
        )
      }
      if (!warned.has(kernelName)) {
        warned.add(kernelName)
        own.log('warning', `The kernel ${kernelName} is not mapped to ONNX: it runs on tfjs's JavaScript backend, slowly.`)
      }
      return runOnCpu(fallback!, call, own)
    }
    tf.registerKernel({ kernelName, backendName: name, kernelFunc })
  }
  tf.registerBackend(name, () => backend as unknown as KernelBackend)
}

/** Lets a backend go, with what is known of its kernels. */
export function unregisterBackend(name: string): void {
  if (!tf.findBackend(name)) return
  tf.removeBackend(name)
  for (const { kernelName } of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name)
}

function record(lowering: Lowering, { inputs, attrs }: KernelCall, backend: OnnxBackend): TensorInfo | TensorInfo[] | null {
  const values: Record<string, Value> = {}
  const names = (attrs as unknown as Partial<InputNames> | undefined)?.inputNames
  for (const [key, info] of Object.entries(inputs)) if (info) values[names ? names[Number(key)]! : key] = backend.value(info)
  const result = lowering(values, (attrs ?? {}) as never, backend.target)
  if (result === null) return null
  return Array.isArray(result) ? result.map((value) => backend.register(value)) : backend.register(result)
}

/** Computes the inputs, runs tfjs-cpu's kernel, and takes its results back as leaves. */
function runOnCpu(kernelFunc: KernelConfig['kernelFunc'], { inputs, attrs }: KernelCall, backend: OnnxBackend): TensorInfo | TensorInfo[] {
  const cpu = tf.findBackend('cpu')
  const values = Object.entries(inputs).filter(([, info]) => info).map(([key, info]) => [key, info!, backend.value(info!)] as const)
  backend.materialise(values.map(([, , value]) => value))
  const infos: Record<string, TensorInfo> = Array.isArray(inputs) ? ([] as never) : {}
  for (const [key, info, value] of values) infos[key] = { dataId: cpu.write(value.data as never, info.shape, info.dtype), shape: info.shape, dtype: info.dtype }
  const result = kernelFunc({ inputs: infos, attrs, backend: cpu })
  const taken = (Array.isArray(result) ? result : [result]).map((info) => {
    const data = cpu.readSync(info.dataId) as Float32Array
    return backend.register(leaf(info.dtype as 'float32', info.shape, data.slice()))
  })
  for (const info of [...(Array.isArray(result) ? result : [result]), ...Object.values(infos)]) cpu.disposeData(info.dataId, true)
  return Array.isArray(result) ? taken : taken[0]!
}
