import { readFile, realpath, stat } from 'node:fs/promises'
import { extname, isAbsolute, join, relative, sep } from 'node:path'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

export interface StaticFile {
  readonly contentType: string
  /** Built files carry a hash in their name; the page itself does not. */
  readonly isImmutable: boolean
  readonly bytes: Uint8Array
}

/**
 * The relative file path that an address's path means, or null when it means nothing that may be served: an encoded
 * separator, a dot segment, a drive, a stream name, a control character.
 */
export function relativePathOf(pathname: string): string | null {
  const segments: string[] = []
  for (const encoded of pathname.split('/')) {
    if (encoded === '') continue
    let segment: string
    try {
      segment = decodeURIComponent(encoded)
    } catch {
      return null
    }
     
    if (/[\u0000-\u001f\u007f/\\:]/.test(segment) || segment.startsWith('.') || segment.endsWith('.') || segment.endsWith(' ')) return null
    segments.push(segment)
  }
  return segments.join('/') || 'index.html'
}

/** Reads a file below `root`, or null when there is none there: after links are followed, it still lies below. */
export async function readStaticFile(root: string, pathname: string): Promise<StaticFile | null> {
  const path = relativePathOf(pathname)
  if (path === null) return null
  try {
    const base = await realpath(root)
    const file = await realpath(join(base, path))
    const inside = relative(base, file)
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return null
    if (!(await stat(file)).isFile()) return null
    const contentType = contentTypes[extname(file).toLowerCase()] ?? 'application/octet-stream'
    return { contentType, isImmutable: /[-.][\w-]{8,}\.\w+$/.test(file) && inside.startsWith('assets'), bytes: await readFile(file) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES'].includes(String(error.code))) return null
    throw error
  }
}
