import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compressors as portable } from 'hyparquet-compressors'

/** What one page may unpack to: far above what writers make, far below what ends a process. */
const maxPageBytes = 2 ** 28

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array
const portableCompressors = portable as unknown as Record<string, Decompress>

/** Most that a byte of input can unpack to, by the codec's own layout: more is a lie that would only cost memory. */
const maxRatio: Record<string, number> = { SNAPPY: 64, GZIP: 1100, LZ4: 260, LZ4_RAW: 260 }

/** Node's own where it has one: faster, and stops at the given length. zstd is there from Node 22.15 on. */
const native: Record<string, Decompress> = {
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength }),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength }),
  ...(typeof zstdDecompressSync === 'function' && { ZSTD: (input: Uint8Array, maxOutputLength: number) => zstdDecompressSync(input, { maxOutputLength }) }),
}

/** Unpacks one page to exactly `length` bytes. @throws Error for an unknown codec, a wrong length, a bomb. */
export function unpackPage(codec: string, input: Uint8Array, length: number): Uint8Array {
  if (!(length >= 0 && length <= maxPageBytes)) throw new Error(`a page claims to unpack to ${length} bytes, more than ${maxPageBytes}`)
  if (codec === 'UNCOMPRESSED') {
    if (input.length !== length) throw new Error(`a page has ${input.length} bytes and claims ${length}`)
    return input
  }
  if (length === 0) return new Uint8Array(0)
  const decompress = native[codec] ?? portableCompressors[codec]
  if (decompress === undefined) throw new Error(`its compression ${codec} is not known`)
  if (length > 64 + input.length * (maxRatio[codec] ?? Infinity)) throw new Error(`${input.length} bytes of ${codec} claim to unpack to ${length}`)
  const output = decompress(input, length)
  if (output.length !== length) throw new Error(`a page unpacks to ${output.length} bytes and claims ${length}`)
  // Node's answers are Buffers, whose slices behave differently: plain bytes leave this room.
  return new Uint8Array(output.buffer, output.byteOffset, output.byteLength)
}
