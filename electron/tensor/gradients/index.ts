import { core } from '../core.ts'
import type { Gradients } from './config.ts'
import { elementwise } from './elementwise.ts'
import { fused } from './fused.ts'
import { linear } from './linear.ts'
import { reduce } from './reduce.ts'
import { shape } from './shape.ts'

/** Registers the gradients of tfjs-core's differentiable kernels. Harmless when called twice. */
export function registerGradients(): void {
  const all: Gradients = { ...elementwise, ...reduce, ...shape, ...linear, ...fused }
  for (const [kernelName, gradient] of Object.entries(all)) {
    if (core.getGradient(kernelName)) core.unregisterGradient(kernelName)
    core.registerGradient({
      kernelName,
      inputsToSave: gradient.inputs ? [...gradient.inputs] : [],
      saveAllInputs: gradient.allInputs ?? false,
      // More flags than outputs are harmless: all outputs are kept.
      outputsToSave: gradient.output ? [true, true, true] : [],
      gradFunc: (dy, saved, attributes) => gradient.of(dy as never, saved, attributes as never),
    })
  }
}
