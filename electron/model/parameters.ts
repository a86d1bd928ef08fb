import { Rng } from '../base/rng.ts'
import { float32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Tensors } from '../tensor/provider.ts'

/** How a parameter starts. `fanIn`/`fanOut` follow from the shape: [in, out] for a matrix, OIHW for a filter. */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  /** Uniform in +-sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
  | { readonly kind: 'xavier' }
  /** Normal with variance 2 / fanIn (He et al. 2015). */
  | { readonly kind: 'he' }
  /** Uniform in +-1/sqrt(fanIn): PyTorch's default for convolutions and linear layers. */
  | { readonly kind: 'lecun-uniform'; readonly fanIn?: number }

export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly initialiser: Initialiser
}

export const zeros: Initialiser = { kind: 'constant', value: 0 }
export const ones: Initialiser = { kind: 'constant', value: 1 }
export const xavier: Initialiser = { kind: 'xavier' }
export const he: Initialiser = { kind: 'he' }
export const normal = (std: number): Initialiser => ({ kind: 'normal', std })

/** A linear layer's weight [in, out] and bias. */
export function linearSpecs(name: string, inputs: number, outputs: number, initialiser: Initialiser = xavier): ParameterSpec[] {
  return [
    { name: `${name}/weight`, shape: [inputs, outputs], initialiser },
    { name: `${name}/bias`, shape: [outputs], initialiser: zeros },
  ]
}

export function countParameters(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + sizeOf(spec.shape), 0)
}

/** 32-bit FNV-1a: gives every parameter its own random stream by name. */
export function hashName(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

function fans(spec: ParameterSpec): { fanIn: number; fanOut: number } {
  if (spec.shape.length === 4) {
    const [outputs, inputs, height, width] = spec.shape as [number, number, number, number]
    return { fanIn: inputs * height * width, fanOut: outputs * height * width }
  }
  return { fanIn: spec.shape[0] ?? 1, fanOut: spec.shape.at(-1) ?? 1 }
}

function draw(spec: ParameterSpec, seed: number): Float32Array {
  const { initialiser } = spec
  const count = sizeOf(spec.shape)
  if (initialiser.kind === 'constant') return new Float32Array(count).fill(initialiser.value)
  const rng = new Rng(seed, hashName(spec.name))
  const { fanIn, fanOut } = fans(spec)
  if (initialiser.kind === 'normal' || initialiser.kind === 'he') {
    const std = initialiser.kind === 'he' ? Math.sqrt(2 / fanIn) : initialiser.std
    const values = rng.normals(count)
    for (let index = 0; index < count; index++) values[index]! *= std
    return values
  }
  const bound = initialiser.kind === 'xavier' ? Math.sqrt(6 / (fanIn + fanOut)) : 1 / Math.sqrt(initialiser.fanIn ?? fanIn)
  const values = new Float32Array(count)
  for (let index = 0; index < count; index++) values[index] = (2 * rng.uniform() - 1) * bound
  return values
}

/**
 * First values of a list of parameters. A value depends on the seed and its own name alone, so the shared parts of two
 * models (with and without a motion head) start equal.
 */
export function initialise(specs: readonly ParameterSpec[], seed: number): HostTensors {
  const tensors: HostTensors = {}
  for (const spec of specs) {
    if (spec.name in tensors) throw new KinoraError('internal', `Two parameters are named "${spec.name}".`, 'Rename one of them.')
    tensors[spec.name] = float32(draw(spec, seed), spec.shape)
  }
  return tensors
}

/** The parameter of that name; a missing one is a checkpoint of another model. */
export function parameter<T extends Tensor = Tensor>(parameters: Tensors, name: string): T {
  const value = parameters[name]
  if (!value) {
    throw new KinoraError('checkpoint-damaged', `The parameter "${name}" is missing.`, 'The checkpoint was made by another model or version; choose one that fits the configuration.')
  }
  return value as T
}

/** The tensors under `prefix`, named without it. */
export function under<T>(tensors: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  )
}

/** The same tensors, named with `prefix` before. */
export function prefixed<T>(tensors: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]))
}

/** Refuses stored tensors whose names or shapes are not the model's. */
export function checkAgainst(specs: readonly ParameterSpec[], tensors: HostTensors, what: string): void {
  for (const spec of specs) {
    const found = tensors[spec.name]
    if (!found) throw new KinoraError('checkpoint-damaged', `${what} lacks "${spec.name}" [${spec.shape.join(', ')}].`, 'It was made by another model or configuration; choose a matching one.')
    if (found.shape.join() !== spec.shape.join()) {
      throw new KinoraError('checkpoint-damaged', `${what}: "${spec.name}" is [${found.shape.join(', ')}], expected [${spec.shape.join(', ')}].`, 'It was made with another configuration; choose a matching one.')
    }
  }
}
