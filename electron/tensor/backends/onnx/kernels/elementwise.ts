import { add, binary, cast, div, fill, mul, select, sub, unary } from '../build.ts'
import { broadcastShape, node, scalar, type Value } from '../graph.ts'
import { float, listOf, matched, type Inputs, type Lowering, type Lowerings } from './lowering.ts'

const floatUnary = (op: string): Lowering => ({ x }: Inputs) => unary(op, float(x!))
/** Operators that ORT has for int32, too. */
const numberUnary = (op: string): Lowering => ({ x }: Inputs) => unary(op, x!.dtype === 'bool' ? cast(x!, 'int32') : x!)

const arithmetic = (build: (a: Value, b: Value) => Value): Lowering => ({ a, b }: Inputs) => build(...matched(a!, b!))
const comparison = (op: string): Lowering => ({ a, b }: Inputs) => binary(op, ...matched(a!, b!), 'bool')
const logical = (op: string): Lowering => ({ a, b }: Inputs) => binary(op, cast(a!, 'bool'), cast(b!, 'bool'), 'bool')

export function not(x: Value): Value {
  return unary('Not', x)
}

/** 1 where `condition`, else 0. */
function step(x: Value, alpha: number): Value {
  const zero = scalar(0, x.dtype)
  const isPositive = binary('Greater', x, zero, 'bool')
  if (alpha === 0) return cast(isPositive, x.dtype)
  return select(isPositive, fill(x.shape, 1, x.dtype), fill(x.shape, alpha, x.dtype), x.shape)
}

function clip(x: Value, low: number, high: number): Value {
  return node('Clip', [x, scalar(low, x.dtype), scalar(high, x.dtype)], x.dtype, x.shape)
}

function pow(base: Value, exponent: Value): Value {
  if (exponent.uniform === 1 && exponent.size === 1) return base
  if (exponent.uniform === 2 && exponent.size === 1) return mul(base, base)
  return binary('Pow', base, exponent)
}

/** pi in three parts: the first two have ten bits, so that their products with numbers of 14 bits are exact. */
const piParts = [3.140625, 0.0009670257568359375, 6.278329465203569e-7] as const
/** sin(r) = r + r^3 (c[0] + c[1] r^2 + ...) for |r| <= pi/2, Taylor's series: off by 6e-8 at the ends. */
const sineSeries = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800] as const

/**
 * Sine (`shift` 0) or cosine (`shift` 1/2) where the provider's own is coarse: graphics drivers may be off by 5e-4, and
 * by more for large angles, as embeddings of time have.
 */
function fineSine(x: Value, shift: 0 | 0.5): Value {
  const constantOf = (value: number): Value => scalar(value, 'float32')
  // x = (k + shift) pi + r
  const k = unary('Floor', add(mul(x, constantOf(1 / Math.PI)), constantOf(0.5 - shift)))
  const turns = shift === 0 ? k : add(k, constantOf(shift))
  const r = piParts.reduce((rest, part) => sub(rest, mul(turns, constantOf(part))), x)
  const square = mul(r, r)
  const series = sineSeries.reduceRight<Value | null>((sum, c) => (sum === null ? constantOf(c) : add(mul(sum, square), constantOf(c))), null)!
  const sine = add(r, mul(mul(r, square), series))
  // Odd half turns change the sign, and a quarter turn more does so once.
  const parity = sub(k, mul(unary('Floor', mul(k, constantOf(0.5))), constantOf(2)))
  const sign = add(mul(parity, constantOf(-2)), constantOf(1))
  return mul(sine, shift === 0 ? sign : unary('Neg', sign))
}

const sinusoid = (op: 'Sin' | 'Cos'): Lowering => ({ x }, _attributes, { provider }) => (provider === 'webgpu' ? fineSine(float(x!), op === 'Sin' ? 0 : 0.5) : unary(op, float(x!)))

export const elementwise: Lowerings = {
  Abs: numberUnary('Abs'),
  Acos: floatUnary('Acos'),
  Acosh: floatUnary('Acosh'),
  Asin: floatUnary('Asin'),
  Asinh: floatUnary('Asinh'),
  Atan: floatUnary('Atan'),
  Atanh: floatUnary('Atanh'),
  Ceil: floatUnary('Ceil'),
  Cos: sinusoid('Cos'),
  Cosh: floatUnary('Cosh'),
  Elu: floatUnary('Elu'),
  Erf: floatUnary('Erf'),
  Exp: floatUnary('Exp'),
  Floor: floatUnary('Floor'),
  Log: floatUnary('Log'),
  Neg: numberUnary('Neg'),
  Reciprocal: floatUnary('Reciprocal'),
  Relu: numberUnary('Relu'),
  Round: floatUnary('Round'),
  Sigmoid: floatUnary('Sigmoid'),
  Sign: numberUnary('Sign'),
  Sin: sinusoid('Sin'),
  Sinh: floatUnary('Sinh'),
  Softplus: floatUnary('Softplus'),
  Sqrt: floatUnary('Sqrt'),
  Tan: floatUnary('Tan'),
  Tanh: floatUnary('Tanh'),
  Selu: ({ x }) => unary('Selu', float(x!), { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } }),
  LeakyRelu: ({ x }, { alpha }: { alpha: number }) => unary('LeakyRelu', float(x!), { alpha: { float: alpha } }),
  Prelu: ({ x, alpha }) => node('PRelu', [float(x!), float(alpha!)], 'float32', x!.shape),
  // exp(x) - 1 and log(1 + x) lose digits near 0, as tfjs's GPU backends do.
  Expm1: ({ x }) => sub(unary('Exp', float(x!)), scalar(1)),
  Log1p: ({ x }) => unary('Log', add(float(x!), scalar(1))),
  Relu6: ({ x }) => clip(float(x!), 0, 6),
  Rsqrt: ({ x }) => unary('Reciprocal', unary('Sqrt', float(x!))),
  Square: ({ x }) => mul(x!, x!),
  Step: ({ x }, { alpha }: { alpha: number }) => step(float(x!), alpha ?? 0),
  ClipByValue: ({ x }, { clipValueMin, clipValueMax }: { clipValueMin: number; clipValueMax: number }) => clip(x!, clipValueMin, clipValueMax),
  IsNan: ({ x }) => node('IsNaN', [float(x!)], 'bool', x!.shape),
  IsInf: ({ x }) => node('IsInf', [float(x!)], 'bool', x!.shape),
  IsFinite: ({ x }) => not(binary('Or', node('IsNaN', [float(x!)], 'bool', x!.shape), node('IsInf', [float(x!)], 'bool', x!.shape))),

  Add: arithmetic(add),
  Sub: arithmetic(sub),
  Multiply: arithmetic(mul),
  RealDiv: ({ a, b }) => div(float(a!), float(b!)),
  FloorDiv: ({ a, b }) => {
    const [left, right] = matched(a!, b!)
    return cast(unary('Floor', div(float(left), float(right))), left.dtype)
  },
  Maximum: arithmetic((a, b) => binary('Max', a, b)),
  Minimum: arithmetic((a, b) => binary('Min', a, b)),
  // The result has the divisor's sign.
  Mod: arithmetic((a, b) => (a.dtype === 'int32' ? binary('Mod', a, b) : sub(a, mul(b, unary('Floor', div(a, b)))))),
  Pow: arithmetic(pow),
  SquaredDifference: arithmetic((a, b) => {
    const difference = sub(a, b)
    return mul(difference, difference)
  }),
  AddN: (inputs) => listOf(inputs).reduce(add),

  Equal: comparison('Equal'),
  NotEqual: ({ a, b }) => not(binary('Equal', ...matched(a!, b!), 'bool')),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalNot: ({ x }) => not(cast(x!, 'bool')),
  Select: ({ condition, t, e }) => {
    const [left, right] = t!.dtype === e!.dtype ? [t!, e!] : matched(t!, e!)
    // tfjs lets a vector of conditions choose whole rows.
    const isRowwise = condition!.rank === 1 && left.rank > 1
    if (isRowwise) return null
    return select(cast(condition!, 'bool'), left, right, broadcastShape('Select', broadcastShape('Select', condition!.shape, left.shape), right.shape))
  },
}
