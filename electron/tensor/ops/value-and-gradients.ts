import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'
import type { Tensors } from '../provider.ts'

/**
 * Value and gradients of `loss`, a function of named parameters (inside a StepFunction `tf.variableGrads` has no
 * variables to find). A parameter that the loss does not depend on gets zeros. What else the caller needs of the
 * forward pass, it keeps in `loss`'s closure.
 */
export function valueAndGradients(loss: (parameters: Tensors) => Tensor, parameters: Tensors): { value: Scalar; gradients: Tensors } {
  const names = Object.keys(parameters)
  const tensors = names.map((name) => parameters[name]!)
  const { value, grads } = tf.engine().gradients(() => loss(parameters) as Scalar, tensors, undefined, true)
  const gradients = Object.fromEntries(names.map((name, index) => [name, grads[index] ?? tf.zerosLike(tensors[index]!)]))
  return { value: value as Scalar, gradients }
}
