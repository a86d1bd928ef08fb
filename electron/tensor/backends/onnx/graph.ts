import { sizeOf } from '../../../base/host-tensor.ts'
import { KinoraError } from '../../../contract/errors.ts'

/** int64 occurs only in the constants that ONNX wants for shapes, axes and indices. */
export type ValueType = 'float32' | 'int32' | 'bool' | 'int64'
export type ValueData = Float32Array | Int32Array | Uint8Array | BigInt64Array

export type Attribute = number | string | readonly number[] | { readonly float: number }

/** One ONNX operator, recorded and not yet run. Numbers in `attributes` are ints; floats are wrapped. */
export interface Node {
  readonly op: string
  /** '' is ONNX's own. */
  readonly domain: string
  readonly inputs: readonly (Value | null)[]
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly outputs: Value[]
}

/**
 * A tensor of the recorded graph: made by a node, or a leaf. A leaf's data is a `constant` (part of the graph's
 * structure) or an input (fed at each run). Running the graph turns a node's value into a leaf.
 */
export class Value {
  readonly dtype: ValueType
  readonly shape: readonly number[]
  node: Node | null = null
  data: ValueData | null = null
  isConstant = false
  /** Name of a compiled step's input. */
  inputName: string | null = null
  /** The value of every element, where it is known when recording. */
  uniform: number | null = null
  /** Smaller value that broadcasts to this one: elementwise consumers take it instead. */
  unexpanded: Value | null = null

  constructor(dtype: ValueType, shape: readonly number[]) {
    this.dtype = dtype
    this.shape = shape
  }

  get rank(): number {
    return this.shape.length
  }

  get size(): number {
    return sizeOf(this.shape)
  }
}

export interface OutputSpec {
  readonly dtype: ValueType
  readonly shape: readonly number[]
}

/** Records one operator with several outputs. */
export function nodes(op: string, inputs: readonly (Value | null)[], outputs: readonly OutputSpec[], attributes: Node['attributes'] = {}, domain = ''): Value[] {
  const node: Node = { op, domain, inputs, attributes, outputs: [] }
  for (const { dtype, shape } of outputs) {
    const value = new Value(dtype, shape)
    value.node = node
    node.outputs.push(value)
  }
  return node.outputs
}

/** Records one operator with one output. An empty result needs no operator. */
export function node(op: string, inputs: readonly (Value | null)[], dtype: ValueType, shape: readonly number[], attributes: Node['attributes'] = {}, domain = ''): Value {
  if (sizeOf(shape) === 0) return constant(dtype, shape, dataOf(dtype, 0))
  return nodes(op, inputs, [{ dtype, shape }], attributes, domain)[0]!
}

export function constant(dtype: ValueType, shape: readonly number[], data: ValueData): Value {
  const value = new Value(dtype, shape)
  value.data = data
  value.isConstant = true
  if (data.length === 1) value.uniform = Number(data[0])
  return value
}

export function leaf(dtype: ValueType, shape: readonly number[], data: ValueData): Value {
  const value = new Value(dtype, shape)
  value.data = data
  return value
}

export function dataOf(dtype: ValueType, source: number | ArrayLike<number>): ValueData {
  const from = source as number
  switch (dtype) {
    case 'float32':
      return new Float32Array(from)
    case 'int32':
      return new Int32Array(from)
    case 'bool':
      return new Uint8Array(from)
    case 'int64':
      return typeof source === 'number' ? new BigInt64Array(source) : BigInt64Array.from(Array.from(source), (each) => BigInt(each))
  }
}

export function scalar(value: number, dtype: ValueType = 'float32'): Value {
  return constant(dtype, [], dataOf(dtype, [value]))
}

export function int64(values: readonly number[]): Value {
  return constant('int64', [values.length], dataOf('int64', values))
}

/** The shape that both operands broadcast to. @throws KinoraError naming op and shapes. */
export function broadcastShape(op: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  const shape = new Array<number>(rank)
  for (let axis = 1; axis <= rank; axis++) {
    const first = a[a.length - axis] ?? 1
    const second = b[b.length - axis] ?? 1
    if (first !== second && first !== 1 && second !== 1) throw shapeError(op, [a, b], 'shapes that broadcast')
    shape[rank - axis] = first === 1 ? second : first
  }
  return shape
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

export function shapeError(op: string, shapes: readonly (readonly number[])[], expected: string): KinoraError {
  const found = shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')
  return new KinoraError('internal', `${op}: got shapes ${found}, expected ${expected}.`, 'Check the sizes in the model configuration; the line that recorded the operation is in the stack.')
}
