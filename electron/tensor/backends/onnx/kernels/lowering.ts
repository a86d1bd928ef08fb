import type { ExecutionProvider } from '../session.ts'
import { cast } from '../build.ts'
import type { Value } from '../graph.ts'

/** What the graph may use where it will run. */
export interface Target {
  readonly provider: ExecutionProvider
  /** com.microsoft's FusedMatMul exists. */
  readonly isFused: boolean
}

export type Inputs = Readonly<Record<string, Value>>

/**
 * One tfjs kernel written in ONNX operators. List-valued inputs (Concat, Pack) have the keys 0, 1, ...
 * `null` means: not in this form; let tfjs-cpu do it.
 */
// Attribute types differ per kernel; each lowering names the ones it reads.
export type Lowering = (inputs: Inputs, attributes: never, target: Target) => Value | Value[] | null
export type Lowerings = Record<string, Lowering>

export function listOf(inputs: Inputs): Value[] {
  return Object.keys(inputs).map((key) => inputs[key]!)
}

export function float(x: Value): Value {
  return cast(x, 'float32')
}

/** Both operands in the type that tfjs gives the result: float32 over int32 over bool. */
export function matched(a: Value, b: Value): [Value, Value] {
  if (a.dtype === b.dtype) return a.dtype === 'bool' ? [cast(a, 'int32'), cast(b, 'int32')] : [a, b]
  const dtype = a.dtype === 'float32' || b.dtype === 'float32' ? 'float32' : 'int32'
  return [cast(a, dtype), cast(b, dtype)]
}

export function axesOf(x: Value, axes: number | readonly number[] | null | undefined): number[] {
  if (axes === null || axes === undefined) return [...x.shape.keys()]
  return (typeof axes === 'number' ? [axes] : [...axes]).map((axis) => (axis < 0 ? axis + x.rank : axis))
}
