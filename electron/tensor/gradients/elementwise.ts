import type { Tensor } from '@tensorflow/tfjs-core'
import { core as tf } from '../core.ts'
import { mask, sumTo, type Gradient, type Gradients } from './config.ts'

const zero: Gradient = { inputs: ['x'], of: (_dy, [x]) => ({ x: () => tf.zerosLike(x!) }) }

const fromInput = (derivative: (dy: Tensor, x: Tensor) => Tensor): Gradient => ({
  inputs: ['x'],
  of: (dy, [x]) => ({ x: () => derivative(dy, x!) }),
})

const fromOutput = (derivative: (dy: Tensor, y: Tensor) => Tensor): Gradient => ({
  output: true,
  of: (dy, [y]) => ({ x: () => derivative(dy, y!) }),
})

const ofTwo = (da: (dy: Tensor, a: Tensor, b: Tensor) => Tensor, db: (dy: Tensor, a: Tensor, b: Tensor) => Tensor): Gradient => ({
  inputs: ['a', 'b'],
  of: (dy, [a, b]) => ({ a: () => sumTo(da(dy, a!, b!), a!.shape), b: () => sumTo(db(dy, a!, b!), b!.shape) }),
})

/** Truth values do not move: tfjs asks for their gradient where a condition stands between input and loss. */
const truth: Gradient = {
  inputs: ['a', 'b'],
  of: (_dy, [a, b]) => ({ a: () => tf.zeros(a!.shape), b: () => tf.zeros(b!.shape) }),
}

const oneMinusSquare = (x: Tensor): Tensor => tf.sub(1, tf.square(x))
const onePlusSquare = (x: Tensor): Tensor => tf.add(1, tf.square(x))
const twoOverRootPi = 2 / Math.sqrt(Math.PI)

export const elementwise: Gradients = {
  Abs: fromInput((dy, x) => tf.mul(dy, tf.sign(x))),
  Acos: fromInput((dy, x) => tf.neg(tf.div(dy, tf.sqrt(oneMinusSquare(x))))),
  Acosh: fromInput((dy, x) => tf.div(dy, tf.sqrt(tf.sub(tf.square(x), 1)))),
  Add: ofTwo((dy) => dy, (dy) => dy),
  AddN: { allInputs: true, of: (dy, saved) => Object.fromEntries(saved.map((_, index) => [index, () => dy])) },
  Asin: fromInput((dy, x) => tf.div(dy, tf.sqrt(oneMinusSquare(x)))),
  Asinh: fromInput((dy, x) => tf.div(dy, tf.sqrt(onePlusSquare(x)))),
  Atan: fromInput((dy, x) => tf.div(dy, onePlusSquare(x))),
  Atan2: ofTwo(
    (dy, a, b) => tf.mul(dy, tf.div(b, tf.add(tf.square(a), tf.square(b)))),
    (dy, a, b) => tf.mul(dy, tf.div(tf.neg(a), tf.add(tf.square(a), tf.square(b)))),
  ),
  Atanh: fromInput((dy, x) => tf.div(dy, oneMinusSquare(x))),
  Cast: { of: (dy) => ({ x: () => dy }) },
  Ceil: zero,
  ClipByValue: {
    inputs: ['x'],
    of: (dy, [x], { clipValueMin, clipValueMax }: { clipValueMin: number; clipValueMax: number }) => ({
      x: () => tf.mul(dy, mask(tf.logicalAnd(tf.greaterEqual(x!, clipValueMin), tf.lessEqual(x!, clipValueMax)))),
    }),
  },
  Cos: fromInput((dy, x) => tf.neg(tf.mul(dy, tf.sin(x)))),
  Cosh: fromInput((dy, x) => tf.mul(dy, tf.sinh(x))),
  Elu: fromOutput((dy, y) => tf.where(tf.greater(y, 0), dy, tf.mul(dy, tf.add(y, 1)))),
  Equal: truth,
  Erf: fromInput((dy, x) => tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), twoOverRootPi))),
  Exp: fromOutput((dy, y) => tf.mul(dy, y)),
  Expm1: fromInput((dy, x) => tf.mul(dy, tf.exp(x))),
  Floor: zero,
  FloorDiv: ofTwo((_, a) => tf.zerosLike(a), (_, __, b) => tf.zerosLike(b)),
  Greater: truth,
  GreaterEqual: truth,
  Identity: { of: (dy) => ({ x: () => dy }) },
  LeakyRelu: {
    inputs: ['x'],
    of: (dy, [x], { alpha }: { alpha: number }) => ({ x: () => tf.where(tf.greater(x!, 0), dy, tf.mul(dy, alpha)) }),
  },
  Less: truth,
  LessEqual: truth,
  Log: fromInput((dy, x) => tf.div(dy, x)),
  Log1p: fromInput((dy, x) => tf.div(dy, tf.add(x, 1))),
  LogicalAnd: truth,
  LogicalNot: { inputs: ['x'], of: (_dy, [x]) => ({ x: () => tf.zeros(x!.shape) }) },
  LogicalOr: truth,
  Maximum: ofTwo((dy, a, b) => tf.mul(dy, mask(tf.greaterEqual(a, b))), (dy, a, b) => tf.mul(dy, mask(tf.less(a, b)))),
  Minimum: ofTwo((dy, a, b) => tf.mul(dy, mask(tf.lessEqual(a, b))), (dy, a, b) => tf.mul(dy, mask(tf.greater(a, b)))),
  Mod: ofTwo((dy) => dy, (dy, a, b) => tf.neg(tf.mul(dy, tf.floor(tf.div(a, b))))),
  Multiply: ofTwo((dy, _, b) => tf.mul(dy, b), (dy, a) => tf.mul(dy, a)),
  Neg: { of: (dy) => ({ x: () => tf.neg(dy) }) },
  NotEqual: truth,
  OnesLike: zero,
  Pow: {
    inputs: ['a', 'b'],
    output: true,
    of: (dy, [a, b, y]) => ({
      a: () => sumTo(tf.mul(dy, tf.mul(b!, tf.pow(a!, tf.sub(b!, 1)))), a!.shape),
      // The derivative by the exponent is 0 where the logarithm has no real value.
      b: () => sumTo(tf.mul(dy, tf.mul(y!, tf.where(tf.greater(a!, 0), tf.log(a!), tf.zerosLike(a!)))), b!.shape),
    }),
  },
  Prelu: {
    inputs: ['x', 'alpha'],
    of: (dy, [x, alpha]) => ({
      x: () => tf.where(tf.greater(x!, 0), dy, tf.mul(dy, alpha!)),
      alpha: () => sumTo(tf.mul(dy, tf.minimum(x!, 0)), alpha!.shape),
    }),
  },
  RealDiv: ofTwo((dy, _, b) => tf.div(dy, b), (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b)))),
  Reciprocal: fromOutput((dy, y) => tf.neg(tf.mul(dy, tf.square(y)))),
  Relu: fromOutput((dy, y) => tf.mul(dy, tf.step(y))),
  Relu6: fromInput((dy, x) => tf.mul(dy, mask(tf.logicalAnd(tf.greater(x, 0), tf.lessEqual(x, 6))))),
  Round: zero,
  Rsqrt: fromOutput((dy, y) => tf.mul(dy, tf.mul(-0.5, tf.mul(y, tf.square(y))))),
  Select: {
    inputs: ['condition'],
    of: (dy, [condition]) => ({
      condition: () => tf.zerosLike(tf.cast(condition!, 'float32')),
      t: () => tf.where(condition!, dy, tf.zerosLike(dy)),
      e: () => tf.where(condition!, tf.zerosLike(dy), dy),
    }),
  },
  Selu: fromOutput((dy, y) => {
    const scale = 1.0507009873554805
    const scaleAlpha = 1.7580993408473768
    return tf.where(tf.greater(y, 0), tf.mul(dy, scale), tf.mul(dy, tf.add(y, scaleAlpha)))
  }),
  Sigmoid: fromOutput((dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  Sign: zero,
  Sin: fromInput((dy, x) => tf.mul(dy, tf.cos(x))),
  Sinh: fromInput((dy, x) => tf.mul(dy, tf.cosh(x))),
  Softplus: fromInput((dy, x) => tf.mul(dy, tf.sigmoid(x))),
  Sqrt: fromOutput((dy, y) => tf.div(dy, tf.mul(y, 2))),
  Square: fromInput((dy, x) => tf.mul(dy, tf.mul(x, 2))),
  SquaredDifference: ofTwo((dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(a, b))), (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(b, a)))),
  Step: zero,
  Sub: ofTwo((dy) => dy, (dy) => tf.neg(dy)),
  Tan: fromInput((dy, x) => tf.div(dy, tf.square(tf.cos(x)))),
  Tanh: fromOutput((dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  ZerosLike: zero,
}
