import type { HostTensor } from '../../base/host-tensor.ts'
import { KinoraError } from '../../contract/errors.ts'

/** Index of the first value that is NaN or infinite, or -1. */
export function firstNonFinite({ dtype, data }: HostTensor): number {
  if (dtype !== 'float32') return -1
  // x - x is NaN for NaN and both infinities: one pass, no calls.
  let sum = 0
  for (let index = 0; index < data.length; index++) sum += data[index]! - data[index]!
  return sum === 0 ? -1 : data.findIndex((value) => !Number.isFinite(value))
}

export function numericsError(step: string, kind: 'output' | 'state', name: string, value: number): KinoraError {
  return new KinoraError(
    'numerics',
    `Step '${step}' made ${kind} '${name}' ${Number.isNaN(value) ? 'NaN' : 'infinite'}. The state before this step was kept.`,
    'Lower the learning rate or the gradient clipping norm, and check the data for extreme values; then resume from the last checkpoint.',
  )
}
