import { createHash } from 'node:crypto'
import { z } from 'zod'

export const manifestName = 'manifest.json'
export const metaName = 'meta.json'
export const groupFile = (group: string): string => `${group}.safetensors`

const fileSchema = z.object({ bytes: z.number().int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })

const bodySchema = z.object({
  version: z.literal(1),
  step: z.number().int().min(0),
  createdAt: z.number(),
  /** By name; names are plain, so that no manifest can point out of its folder. */
  files: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*\.(safetensors|json)$/), fileSchema),
})
export type Manifest = z.infer<typeof bodySchema>

const digestOf = (body: Manifest): string => createHash('sha256').update(JSON.stringify(body)).digest('hex')

/** The manifest guards itself, too: a flipped bit in it is not taken for damage of the files. */
export function encodeManifest(body: Manifest): string {
  return JSON.stringify({ body, digest: digestOf(body) }, null, 1) + '\n'
}

/** @throws Error with the reason in plain words. */
export function decodeManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('its manifest is no JSON')
  }
  const parsed = z.object({ body: bodySchema, digest: z.string() }).safeParse(value)
  if (!parsed.success) throw new Error(`its manifest is not valid (${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message})`)
  if (digestOf(parsed.data.body) !== parsed.data.digest) throw new Error('its manifest was changed')
  return parsed.data.body
}

/** The group of a tensor is what stands before its first slash. */
export function groupOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')))
}
