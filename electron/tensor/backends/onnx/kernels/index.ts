import { elementwise } from './elementwise.ts'
import { fused } from './fused.ts'
import { linear } from './linear.ts'
import type { Lowerings } from './lowering.ts'
import { reduce } from './reduce.ts'
import { shape } from './shape.ts'

export const lowerings: Lowerings = { ...elementwise, ...reduce, ...shape, ...linear, ...fused }
export type { Lowering, Target } from './lowering.ts'
