import { parquetHeader } from 'hyparquet/src/column.js'
import { readOffsetIndex } from 'hyparquet/src/indexes.js'

type Read = (start: number, length: number) => Promise<Uint8Array<ArrayBuffer>>

/** A column chunk: its bytes from `start` to `end`, one value for each of its rows. */
export interface ChunkPlace {
  readonly start: number
  readonly end: number
  readonly rowCount: number
  /** Where the file says where the chunk's pages are, if its writer left that. */
  readonly index: PagePlace | null
}

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
 * From the index that the writer left, else from the page headers. Null where that is not worth it, or where they do not
 * add up: decoding the whole chunk says what is wrong.
 */
export async function mapPages(read: Read, place: ChunkPlace): Promise<PageMap | null> {
  return (place.index !== null ? indexedPages(await read(place.index.start, place.index.byteLength), place) : null) ?? (await walkPages(read, place))
}

function indexedPages(index: Uint8Array<ArrayBuffer>, { start, end, rowCount }: ChunkPlace): PageMap | null {
  let locations: { start: number; byteLength: number; firstRow: number }[]
  try {
    locations = readOffsetIndex({ view: new DataView(index.buffer), offset: 0 }).page_locations.map((page) => ({ start: Number(page.offset), byteLength: page.compressed_page_size, firstRow: Number(page.first_row_index) }))
  } catch {
    return null
  }
  const pages = locations.map((page, at) => ({ ...page, rowCount: (locations[at + 1]?.firstRow ?? rowCount) - page.firstRow }))
  let at = start
  for (const page of pages) {
    if (!(page.start >= at && page.byteLength > 0 && page.start + page.byteLength <= end && page.rowCount > 0)) return null
    at = page.start + page.byteLength
  }
  const [first] = pages
  if (first === undefined || first.firstRow !== 0) return null
  return { dictionary: first.start > start ? { start, byteLength: first.start - start } : null, pages }
}

async function walkPages(read: Read, { start, end, rowCount }: ChunkPlace): Promise<PageMap | null> {
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

async function readHeader(read: Read, at: number, end: number): Promise<{ header: ReturnType<typeof parquetHeader>; headerBytes: number } | null> {
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
