import type { BlobResponse } from './blob.ts'

/**
 * One `Range: bytes=...` of a whole answer (RFC 9110, section 14). Anything but a single satisfiable range is answered
 * whole, as the RFC allows, except a range beyond the end, which is 416.
 */
export function sliceRange(response: BlobResponse, range: string | undefined): BlobResponse {
  // Of a stream, nobody knows the length.
  if (response.status !== 200 || response.rest !== undefined) return response
  const headers = { ...response.headers, 'accept-ranges': 'bytes' }
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return { ...response, headers }
  const length = response.body.length
  const isSuffix = match[1] === ''
  const start = isSuffix ? Math.max(0, length - Number(match[2])) : Number(match[1])
  const end = isSuffix || match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1)
  if (start >= length) return { status: 416, headers: { ...headers, 'content-range': `bytes */${length}` }, body: new Uint8Array() }
  if (end < start) return { ...response, headers }
  return { status: 206, headers: { ...headers, 'content-range': `bytes ${start}-${end}/${length}` }, body: response.body.subarray(start, end + 1) }
}
