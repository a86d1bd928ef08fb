import { z } from 'zod'
import type { Feature } from '../../../contract/dataset.ts'

/** What `features.json` of a TFDS dataset says of one leaf. */
export interface RldsFeature extends Feature {
  readonly kind: 'tensor' | 'image' | 'text'
}

const shapeSchema = z.object({ dimensions: z.array(z.coerce.number().int()).optional() }).optional()
const leafSchema = z.object({ shape: shapeSchema, dtype: z.string().optional() })

/** Leaves by path, such as `steps/observation/image_0`; deeper than 16 levels nothing is looked for. */
export function parseRldsFeatures(value: unknown): RldsFeature[] {
  const leaves: RldsFeature[] = []
  const visit = (node: unknown, path: string, depth: number): void => {
    if (depth > 16 || typeof node !== 'object' || node === null) return
    const { featuresDict, sequence, tensor, image, text } = node as Record<string, unknown>
    const children = (featuresDict as { features?: unknown } | undefined)?.features
    if (typeof children === 'object' && children !== null) {
      for (const [key, child] of Object.entries(children)) visit(child, path === '' ? key : `${path}/${key}`, depth + 1)
    } else if (typeof sequence === 'object' && sequence !== null) {
      visit((sequence as { feature?: unknown }).feature, path, depth + 1)
    } else if (image !== undefined) {
      leaves.push({ key: path, kind: 'image', dtype: 'image', shape: shapeOf(image), names: null })
    } else if (text !== undefined) {
      leaves.push({ key: path, kind: 'text', dtype: 'string', shape: [], names: null })
    } else if (tensor !== undefined) {
      leaves.push({ key: path, kind: 'tensor', dtype: leafSchema.safeParse(tensor).data?.dtype ?? 'unknown', shape: shapeOf(tensor), names: null })
    }
  }
  visit(value, '', 0)
  return leaves
}

function shapeOf(leaf: unknown): number[] {
  return leafSchema.safeParse(leaf).data?.shape?.dimensions ?? []
}
