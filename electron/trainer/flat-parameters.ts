import { float32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import type { ParameterSpec } from '../model/parameters.ts'
import type { Tensors } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import { decays } from './optimiser.ts'

interface Group {
  readonly name: 'decayed' | 'plain'
  readonly specs: readonly ParameterSpec[]
  readonly size: number
  readonly shape: readonly number[]
}

/**
 * All parameters of a model as two long tensors: `decayed` [1, N], the matrices and filters that weight decay shrinks,
 * and `plain` [M], the rest (the rank is what tells the optimiser). One update of two tensors costs a fraction of
 * hundreds of small ones, and moments and averages stay in this form from step to step.
 */
export class FlatParameters {
  #groups: readonly Group[]

  constructor(specs: readonly ParameterSpec[]) {
    const decayed = specs.filter(decays)
    const plain = specs.filter((spec) => !decays(spec))
    const size = (list: readonly ParameterSpec[]): number => list.reduce((sum, spec) => sum + sizeOf(spec.shape), 0)
    this.#groups = [
      { name: 'decayed' as const, specs: decayed, size: size(decayed), shape: [1, size(decayed)] },
      { name: 'plain' as const, specs: plain, size: size(plain), shape: [size(plain)] },
    ].filter((group) => group.size > 0)
  }

  get names(): string[] {
    return this.#groups.map((group) => group.name)
  }

  /** Host tensors by parameter name to the two long ones, by `decayed` and `plain`. */
  pack(tensors: HostTensors): HostTensors {
    return Object.fromEntries(
      this.#groups.map(({ name, specs, size, shape }) => {
        const data = new Float32Array(size)
        let offset = 0
        for (const spec of specs) {
          data.set(tensors[spec.name]!.data as Float32Array, offset)
          offset += sizeOf(spec.shape)
        }
        return [name, float32(data, shape)]
      }),
    )
  }

  /** Inverse of {@link pack}; the values are copies. */
  unpack(flat: HostTensors): HostTensors {
    const tensors: HostTensors = {}
    for (const { name, specs } of this.#groups) {
      const data = flat[name]!.data as Float32Array
      let offset = 0
      for (const spec of specs) {
        tensors[spec.name] = float32(data.slice(offset, offset + sizeOf(spec.shape)), spec.shape)
        offset += sizeOf(spec.shape)
      }
    }
    return tensors
  }

  /** As {@link pack}, inside a step. */
  join(tensors: Tensors): Tensors {
    return Object.fromEntries(
      this.#groups.map(({ name, specs, shape }) => {
        const parts = specs.map((spec) => tf.reshape(tensors[spec.name]!, [-1]))
        return [name, tf.reshape(parts.length === 1 ? parts[0]! : tf.concat(parts), [...shape])]
      }),
    )
  }

  /** As {@link unpack}, inside a step. */
  part(flat: Tensors): Tensors {
    const tensors: Tensors = {}
    for (const { name, specs } of this.#groups) {
      const line = tf.reshape(flat[name]!, [-1])
      const parts = specs.length === 1 ? [line] : tf.split(line, specs.map((spec) => sizeOf(spec.shape)))
      specs.forEach((spec, index) => {
        tensors[spec.name] = tf.reshape(parts[index]!, [...spec.shape])
      })
    }
    return tensors
  }

  /** Zeros in the form of {@link pack}. */
  zeros(): HostTensors {
    return Object.fromEntries(this.#groups.map(({ name, size, shape }) => [name, float32(new Float32Array(size), shape)]))
  }
}
