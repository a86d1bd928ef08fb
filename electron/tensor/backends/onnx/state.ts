import { letGo, sizeOf, type HostTensor, type HostTensors, type TensorForm } from '../../../base/host-tensor.ts'
import type { DeviceState } from '../../provider.ts'
import { checked, copy, HostState, refuseOther, unknownTensor } from '../host-state.ts'
import { emit } from './emit.ts'
import { leaf } from './graph.ts'
import { linearise } from './linearise.ts'
import { ortTensor, release, Session, type OrtValue, type SessionOptions } from './session.ts'

/** What a compiled step needs of its state. */
export interface StepState extends DeviceState {
  entries(): Iterable<[string, TensorForm]>
  feed(name: string): OrtValue
  /** Takes over results of a step, in the shapes that the state has; what they replace is let go. */
  take(results: readonly (readonly [name: string, value: OrtValue])[]): void
  /** A result's values. */
  toHost(name: string, value: OrtValue): HostTensor
  /** Lets go of results that are not taken. */
  refuse(results: readonly (readonly [name: string, value: OrtValue])[]): void
}

/** State in host memory, which sessions on the processor read without a copy. */
export class ProcessorState extends HostState implements StepState {
  feed(name: string): OrtValue {
    const { dtype, data, shape } = this.get(name)
    return ortTensor(dtype, data, shape)
  }

  take(results: readonly (readonly [string, OrtValue])[]): void {
    const replaced = results.map(([name]) => this.get(name))
    this.replace(Object.fromEntries(results.map(([name, value]) => [name, this.toHost(name, value)])))
    letGo(replaced, Array.from(this.entries(), ([, tensor]) => tensor))
  }

  toHost(name: string, { data }: OrtValue): HostTensor {
    const { dtype, shape } = this.get(name)
    return { dtype, shape, data } as HostTensor
  }

  refuse(): void {}
}

/** Whether a state tensor lives in a GPU buffer. */
export function isOnGpu({ dtype, shape }: TensorForm): boolean {
  return dtype === 'float32' && sizeOf(shape) > 0
}

/**
 * State that stays in the GPU's buffers from step to step: fed and returned without touching host memory. The runtime
 * cannot read a buffer (it aborts the process): values travel through a session that copies, made for each journey.
 */
export class GpuState implements StepState {
  readonly #tensors: Map<string, HostTensor | (TensorForm & { readonly value: OrtValue })>
  readonly #session: SessionOptions

  constructor(tensors: HostTensors, session: SessionOptions) {
    this.#session = { ...session, isBusy: false }
    this.#tensors = new Map(Object.entries(tensors).map(([name, tensor]) => [name, checked(name, copy(tensor))]))
  }

  get names(): readonly string[] {
    return [...this.#tensors.keys()]
  }

  get bytes(): number {
    return [...this.#tensors.values()].reduce((total, { dtype, shape }) => total + sizeOf(shape) * (dtype === 'bool' ? 1 : 4), 0)
  }

  entries(): IterableIterator<[string, TensorForm]> {
    return this.#tensors.entries()
  }

  feed(name: string): OrtValue {
    const tensor = this.#get(name)
    if ('value' in tensor) return tensor.value
    if (!isOnGpu(tensor)) return ortTensor(tensor.dtype, tensor.data, tensor.shape)
    this.#upload()
    return this.feed(name)
  }

  take(results: readonly (readonly [string, OrtValue])[]): void {
    for (const [name, value] of results) {
      const old = this.#get(name)
      const { dtype, shape } = old
      this.#tensors.set(name, isOnGpu(old) ? { dtype, shape, value } : ({ dtype, shape, data: value.data } as HostTensor))
      if ('value' in old) release(old.value)
    }
  }

  toHost(name: string, value: OrtValue): HostTensor {
    const { dtype, shape } = this.#get(name)
    return this.#download([{ dtype, shape, value }])[0]!
  }

  refuse(results: readonly (readonly [string, OrtValue])[]): void {
    for (const [name, value] of results) if (isOnGpu(this.#get(name))) release(value)
  }

  async read(names: readonly string[] = this.names): Promise<HostTensors> {
    const found = names.map((name) => [name, this.#get(name)] as const)
    const away = found.flatMap(([, tensor]) => ('value' in tensor ? [tensor] : []))
    const fetched = this.#download(away)
    return Object.fromEntries(found.map(([name, tensor]) => [name, 'value' in tensor ? fetched[away.indexOf(tensor)]! : copy(tensor)]))
  }

  write(tensors: HostTensors): void {
    for (const [name, tensor] of Object.entries(tensors)) refuseOther(name, this.#get(name), tensor)
    for (const [name, tensor] of Object.entries(tensors)) {
      const old = this.#get(name)
      this.#tensors.set(name, checked(name, copy(tensor)))
      if ('value' in old) release(old.value)
    }
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) if ('value' in tensor) release(tensor.value)
    this.#tensors.clear()
  }

  #get(name: string): HostTensor | (TensorForm & { readonly value: OrtValue }) {
    const tensor = this.#tensors.get(name)
    if (!tensor) throw unknownTensor(name, this.names)
    return tensor
  }

  /** Moves to the GPU all that belongs there and is not there yet. */
  #upload(): void {
    const waiting = [...this.#tensors].flatMap(([name, tensor]) => ('value' in tensor || !isOnGpu(tensor) ? [] : [[name, tensor] as const]))
    const values = this.#copies(waiting.map(([, tensor]) => ({ ...tensor, value: ortTensor(tensor.dtype, tensor.data, tensor.shape) })), true)
    waiting.forEach(([name, { dtype, shape }], index) => this.#tensors.set(name, { dtype, shape, value: values[index]! }))
  }

  #download(tensors: readonly (TensorForm & { readonly value: OrtValue })[]): HostTensor[] {
    const values = tensors.length > 0 ? this.#copies(tensors, false) : []
    return tensors.map(({ dtype, shape }, index) => ({ dtype, shape: [...shape], data: values[index]!.data }) as HostTensor)
  }

  #copies(tensors: readonly (TensorForm & { readonly value: OrtValue })[], toGpu: boolean): OrtValue[] {
    const leaves = tensors.map(({ dtype, shape }) => leaf(dtype, shape, new Float32Array(0)))
    const { bytes, inputNames, outputNames } = emit(linearise(leaves))
    const session = new Session(bytes, outputNames, { ...this.#session, gpuOutputs: toGpu ? outputNames : [] })
    try {
      const results = session.run(Object.fromEntries(inputNames.map((feed, index) => [feed, tensors[index]!.value])))
      return outputNames.map((name) => results[name]!)
    } finally {
      session.dispose()
    }
  }
}
