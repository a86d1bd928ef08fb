import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compressors as portable } from 'hyparquet-compressors'
import { parquetHeader } from 'hyparquet/src/column.js'

/**
 * What stands between a hostile parquet file and the decoder. The decoder believes the counts and sizes that it reads;
 * here they are checked against each other and against fixed limits before it sees them.
 */

/** What one page may unpack to: far above what writers make, far below what ends a process. */
const maxPageBytes = 2 ** 28
export const maxValuesPerChunk = 2 ** 25

/** Walks a column chunk's pages without unpacking them. @throws Error saying which count lies. */
export function checkPages(chunk: Uint8Array<ArrayBuffer>, expectedValues: number): void {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 }
  let values = 0
  // The decoder stops one byte before the end, too: some writers pad.
  while (reader.offset < chunk.byteLength - 1) {
    const header = parquetHeader(reader)
    const own = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0
    const entries = header.dictionary_page_header?.num_values ?? 0
    const packed = header.compressed_page_size
    if (!(packed >= 0) || reader.offset + packed > chunk.byteLength) throw new Error(`a page claims ${packed} bytes, but its column ends before`)
    if (!(header.uncompressed_page_size >= 0 && header.uncompressed_page_size <= maxPageBytes)) throw new Error(`a page claims to unpack to ${header.uncompressed_page_size} bytes, more than ${maxPageBytes}`)
    if (!(own >= 0 && entries >= 0 && entries <= maxValuesPerChunk)) throw new Error(`a page claims ${own} values and ${entries} dictionary entries`)
    values += own
    if (values > expectedValues) throw new Error(`the pages claim more than the ${expectedValues} values of their column`)
    reader.offset += packed
  }
  if (values !== expectedValues) throw new Error(`the pages have ${values} values, but their column claims ${expectedValues}`)
}

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array
const portableCompressors = portable as unknown as Record<string, Decompress>

/** Most that a byte of input can unpack to, by the codec's own layout: more is a lie that would only cost memory. */
const maxRatio: Record<string, number> = { SNAPPY: 64, GZIP: 1100, LZ4: 260, LZ4_RAW: 260 }

/** Node's own where it has one: faster, and stops at the given length. zstd is there from Node 22.15 on. */
const native: Record<string, Decompress> = {
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength: maxOutputLength || 1 }),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength: maxOutputLength || 1 }),
  ...(typeof zstdDecompressSync === 'function' && {
    ZSTD: (input: Uint8Array, maxOutputLength: number) => zstdDecompressSync(input, { maxOutputLength: maxOutputLength || 1 }),
  }),
}

export const boundedCompressors = Object.fromEntries(
  Object.entries({ ...portableCompressors, ...native }).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, outputLength: number): Uint8Array => {
      if (!(outputLength >= 0 && outputLength <= maxPageBytes) || outputLength > 64 + input.length * (maxRatio[codec] ?? Infinity)) {
        throw new Error(`${input.length} bytes of ${codec} claim to unpack to ${outputLength}`)
      }
      return decompress(input, outputLength)
    },
  ]),
)
