import { createHash } from 'node:crypto'
import { basename } from 'node:path'

/** A name for the folder that is readable, safe in a URL, and the same whenever the same folder is opened. */
export function datasetId(realPath: string): string {
  const slug = basename(realPath).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60)
  return `${slug || 'dataset'}-${createHash('sha256').update(realPath).digest('hex').slice(0, 8)}`
}
