import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import type { HostTensor, HostTensors } from '../../../base/host-tensor.ts'
import { KinoraError } from '../../../contract/errors.ts'
import type { CompiledStep, CompileOptions, Provider, StepFunction, Tensors } from '../../provider.ts'
import { tf, type Tensor } from '../../tf.ts'
import { firstNonFinite, numericsError } from '../finite.ts'
import { HostState } from '../host-state.ts'
import { recording } from '../model-line.ts'

/** Registers tfjs's reference backend; quiet about its advice to install another. */
export function loadCpuBackend(): void {
  createRequire(import.meta.url)('@tensorflow/tfjs-backend-cpu')
  const backend = tf.findBackend('cpu') as unknown as { firstUse: boolean }
  backend.firstUse = false
}

/** tfjs's own JavaScript kernels: exact, portable and slow. For tests, and where nothing else runs. */
export function openCpuProvider(): Provider {
  loadCpuBackend()
  return eagerProvider({ name: 'cpu', backend: 'cpu', version: tf.version_core, deviceName: cpus()[0]?.model.trim() ?? 'CPU' })
}

export interface EagerOptions {
  readonly name: Provider['name']
  /** Name of a registered tfjs backend that computes at once and reads synchronously. */
  readonly backend: string
  readonly version: string
  readonly deviceName: string
}

/** A provider over any eager tfjs backend: `compile` runs the step function anew each time. */
export function eagerProvider({ name, backend, version, deviceName }: EagerOptions): Provider {
  const eager = <T>(fn: () => T): T => {
    if (tf.getBackend() !== backend) tf.setBackend(backend)
    return tf.tidy(fn as () => never) as T
  }
  return {
    name,
    version,
    deviceName,
    createState: (tensors) => new HostState(tensors),
    compile: (step, options) => new EagerStep(step, options, eager),
    eager,
    dispose() {},
  }
}

class EagerStep implements CompiledStep {
  #step: StepFunction
  #options: CompileOptions
  #eager: Provider['eager']

  constructor(step: StepFunction, options: CompileOptions, eager: Provider['eager']) {
    this.#step = step
    this.#options = options
    this.#eager = eager
  }

  async run(state: HostState, inputs: Record<string, HostTensor>): Promise<HostTensors> {
    let result: { readonly next: HostTensors; readonly outputs: HostTensors } = { next: {}, outputs: {} }
    // Nothing is returned through tf.tidy, which would look for tensors in every element of every array.
    this.#eager(() => {
      const { state: next = {}, outputs } = recording(this.#options.name, () => this.#step(toTensors(state.entries()), toTensors(Object.entries(inputs))))
      result = { next: toHost(next), outputs: toHost(outputs) }
    })
    for (const name of Object.keys(result.next)) {
      if (!state.names.includes(name)) throw unknownState(this.#options.name, name)
    }
    if (this.#options.checkFinite) {
      this.#check('output', result.outputs)
      this.#check('state', result.next)
    }
    state.replace(result.next)
    return result.outputs
  }

  dispose(): void {}

  #check(kind: 'output' | 'state', tensors: HostTensors): void {
    for (const [name, tensor] of Object.entries(tensors)) {
      const index = firstNonFinite(tensor)
      if (index >= 0) throw numericsError(this.#options.name, kind, name, tensor.data[index]!)
    }
  }
}

export function unknownState(step: string, name: string): KinoraError {
  return new KinoraError('internal', `Step '${step}' returned state '${name}', which it was not given.`, 'A step returns a subset of the state tensors that it takes.')
}

function toTensors(entries: Iterable<[string, HostTensor]>): Tensors {
  const tensors: Tensors = {}
  for (const [name, { data, shape, dtype }] of entries) tensors[name] = tf.tensor(data, [...shape], dtype)
  return tensors
}

function toHost(tensors: Tensors): HostTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, hostTensor(tensor)]))
}

function hostTensor(tensor: Tensor): HostTensor {
  // dataSync may hand out the backend's own array, which the next step's tensors must not share.
  return { dtype: tensor.dtype, shape: [...tensor.shape], data: tensor.dataSync().slice() } as HostTensor
}
