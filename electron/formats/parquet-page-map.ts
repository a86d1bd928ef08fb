import { parquetHeader } from 'hyparquet/src/column.js'

/** Where one page lies in its file, header included. */
interface PagePlace {
  readonly start: number
  readonly byteLength: number
}

/** The pages of a column chunk whose values are one a row: a few rows are read without the rest. */
export interface PageMap {
  readonly dictionary: PagePlace | null
  /** `firstRow` counts from the beginning of the row group. */
  readonly pages: readonly (PagePlace & { readonly firstRow: number; readonly rowCount: number })[]
}

/** Enough for a header with its statistics; a longer one is read again, whole. */
const probeBytes = 4096
/** Chunks of more pages than this, or of smaller ones, are read whole: the walk would take longer. */
const maxPages = 16_384
const minPageBytes = 16_384

/**
 * Walks the page headers of a chunk that has `rowCount` values from byte `start` to `end`. Null where that is not worth
 * it, or where the headers do not add up: decoding the whole chunk says what is wrong.
 */
export async function mapPages(read: (start: number, length: number) => Promise<Uint8Array<ArrayBuffer>>, start: number, end: number, rowCount: number): Promise<PageMap | null> {
  const pages: PageMap['pages'][number][] = []
  let dictionary: PagePlace | null = null
  let firstRow = 0
  for (let at = start; firstRow < rowCount;) {
    const found = await readHeader(read, at, end)
    if (found === null || pages.length > maxPages || at - start < minPageBytes * (pages.length - 1)) return null
    const { header, headerBytes } = found
    const byteLength = headerBytes + header.compressed_page_size
    if (!(header.compressed_page_size >= 0 && at + byteLength <= end)) return null
    const values = (header.data_page_header ?? header.data_page_header_v2)?.num_values
    if (header.dictionary_page_header) dictionary = { start: at, byteLength }
    else if (values !== undefined) {
      if (!(values >= 0 && values <= rowCount - firstRow)) return null
      pages.push({ start: at, byteLength, firstRow, rowCount: values })
      firstRow += values
    }
    at += byteLength
  }
  return { dictionary, pages }
}

async function readHeader(read: (start: number, length: number) => Promise<Uint8Array<ArrayBuffer>>, at: number, end: number): Promise<{ header: ReturnType<typeof parquetHeader>; headerBytes: number } | null> {
  for (let length = Math.min(probeBytes, end - at); length > 0; length = Math.min(16 * length, end - at)) {
    const reader = { view: new DataView((await read(at, length)).buffer), offset: 0 }
    try {
      return { header: parquetHeader(reader), headerBytes: reader.offset }
    } catch {
      if (length === end - at) return null
    }
  }
  return null
}
