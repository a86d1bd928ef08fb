import { float32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import type { ParameterSpec } from '../model/parameters.ts'
import type { Tensors } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import { decays } from './optimiser.ts'

interface Group {
  /** `decayed`, `plain`, or the name of the one parameter in it. */
  readonly name: string
  readonly specs: readonly ParameterSpec[]
  readonly size: number
  readonly shape: readonly number[]
}

/** Elements from which on a parameter is cheaper by itself: nothing is copied, and its update runs within the cache. */
const aloneFrom = 2 ** 17

/**
 * All parameters of a model as few tensors: every large matrix by itself, the small ones joined to `decayed` [1, N], the
 * vectors to `plain` [M] (the rank tells the optimiser what weight decay shrinks). One update of a long tensor costs a
 * fraction of hundreds of small ones, and moments and averages stay in this form from step to step.
 */
export class FlatParameters {
  #groups: readonly Group[]

  constructor(specs: readonly ParameterSpec[]) {
    const isAlone = (spec: ParameterSpec): boolean => decays(spec) && sizeOf(spec.shape) >= aloneFrom
    const size = (list: readonly ParameterSpec[]): number => list.reduce((sum, spec) => sum + sizeOf(spec.shape), 0)
    const joined = (name: string, list: readonly ParameterSpec[], lead: readonly number[]): Group => ({ name, specs: list, size: size(list), shape: [...lead, size(list)] })
    this.#groups = [
      joined('decayed', specs.filter((spec) => decays(spec) && !isAlone(spec)), [1]),
      joined('plain', specs.filter((spec) => !decays(spec)), []),
      ...specs.filter(isAlone).map((spec) => ({ name: spec.name, specs: [spec], size: sizeOf(spec.shape), shape: spec.shape })),
    ].filter((group) => group.size > 0)
  }

  get names(): string[] {
    return this.#groups.map((group) => group.name)
  }

  /** Type and shape of what {@link pack} makes. */
  forms(): Record<string, { dtype: 'float32'; shape: readonly number[] }> {
    return Object.fromEntries(this.#groups.map(({ name, shape }) => [name, { dtype: 'float32', shape }]))
  }

  /** Host tensors by parameter name to the groups' by group name. */
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

  /** Inverse of {@link pack}; the values are views of the groups' arrays. */
  unpack(flat: HostTensors): HostTensors {
    const tensors: HostTensors = {}
    for (const { name, specs } of this.#groups) {
      const data = flat[name]!.data as Float32Array
      let offset = 0
      for (const spec of specs) {
        tensors[spec.name] = float32(data.subarray(offset, offset + sizeOf(spec.shape)), spec.shape)
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
