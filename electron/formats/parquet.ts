import { parquetMetadataAsync, parquetSchema, type AsyncBuffer, type ColumnMetaData, type FileMetaData } from 'hyparquet'
import { parquetReadColumn } from 'hyparquet/src/read.js'
import { KinoraError } from '../contract/errors.ts'
import { boundedCompressors, checkPages, maxValuesPerChunk } from './parquet-guard.ts'
import { damaged, RandomAccessFile } from './random-access-file.ts'

const reportHint = 'The file is cut or was changed: copy it again from its source.'

/** Values of one column, row by row: numbers, bigints, strings, bytes, lists (arrays) or structs (objects). */
export type ColumnValues = ArrayLike<unknown>

/**
 * A parquet file read by column and row range. Numbers come as in the file, int64 as bigint, binary as Uint8Array.
 * Every failure inside the decoder, whatever it is, becomes one `dataset-invalid` that names the file.
 */
export class ParquetFile implements AsyncDisposable {
  readonly path: string
  readonly rowCount: number
  readonly columns: readonly string[]
  /** Row at which each row group begins. */
  readonly rowGroupStarts: readonly number[]
  #metadata: FileMetaData
  #file: RandomAccessFile

  private constructor(file: RandomAccessFile, metadata: FileMetaData, rowCount: number) {
    this.path = file.path
    this.rowCount = rowCount
    this.columns = parquetSchema(metadata).children.map((child) => child.element.name)
    let start = 0
    this.rowGroupStarts = metadata.row_groups.map((group) => {
      const own = start
      start += Number(group.num_rows)
      return own
    })
    this.#metadata = metadata
    this.#file = file
  }

  /** Reads the footer only. @throws KinoraError `dataset-invalid`, `not-found` or `io`. */
  static async open(path: string): Promise<ParquetFile> {
    const file = await RandomAccessFile.open(path)
    try {
      if (file.byteLength < 12) throw damaged(path, `it has ${file.byteLength} bytes, too few for a parquet file`, reportHint)
      const metadata = await guard(path, () => parquetMetadataAsync(bufferOf(file)))
      const rowCount = checkMetadata(path, file.byteLength, metadata)
      return await guard(path, () => Promise.resolve(new ParquetFile(file, metadata, rowCount)))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Key-value metadata of the footer, such as `huggingface`. */
  metadataValue(key: string): string | undefined {
    return this.#metadata.key_value_metadata?.find((entry) => entry.key === key)?.value
  }

  /** One column's values in rows [rowStart, rowEnd). @throws KinoraError `dataset-invalid`. */
  async readColumn(column: string, rowStart = 0, rowEnd = this.rowCount): Promise<ColumnValues> {
    if (!this.columns.includes(column)) throw damaged(this.path, `it has no column ${column} (it has ${this.columns.join(', ')})`, 'Check the features in meta/info.json.')
    if (rowStart < 0 || rowEnd > this.rowCount || rowStart > rowEnd) {
      throw damaged(this.path, `rows ${rowStart} to ${rowEnd} are asked for, but it has ${this.rowCount}`, 'The metadata claim more rows than there are: copy the file again.')
    }
    if (rowStart === rowEnd) return []
    return await guard(this.path, async () => {
      const { window, first } = await this.#readChunks(column, rowStart, rowEnd)
      const values = await parquetReadColumn({ file: bufferOf(this.#file, window), metadata: this.#metadata, columns: [column], rowStart, rowEnd, compressors: boundedCompressors, utf8: false })
      // Whole row groups come back, starting with the first that the range touches.
      if (values.length === rowEnd - rowStart) return values
      if (values.length < rowEnd - first) throw new Error(`column ${column} has ${values.length} values, expected ${rowEnd - first}`)
      return values.slice(rowStart - first, rowEnd - first)
    })
  }

  /** Reads and checks the chunks that a column has in these rows, so that the decoder meets no page that lies about its size. */
  async #readChunks(column: string, rowStart: number, rowEnd: number): Promise<{ window: Map<number, ArrayBuffer>; first: number }> {
    const window = new Map<number, ArrayBuffer>()
    let first = rowStart
    for (const [index, group] of this.#metadata.row_groups.entries()) {
      const start = this.rowGroupStarts[index]!
      if (start >= rowEnd || start + Number(group.num_rows) <= rowStart) continue
      if (window.size === 0) first = start
      for (const { meta_data: chunk } of group.columns) {
        if (chunk === undefined || chunk.path_in_schema[0] !== column) continue
        const range = rangeOf(chunk)
        const bytes = await this.#file.read(range.start, range.end - range.start)
        checkPages(bytes, Number(chunk.num_values))
        window.set(range.start, bytes.buffer)
      }
    }
    return { window, first }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function guard<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof KinoraError) throw error
    throw damaged(path, `not readable as parquet (${error instanceof Error ? error.message : String(error)})`, reportHint, error)
  }
}

/** Checks the footer's counts against each other and against the file before anything is allocated by them. */
function checkMetadata(path: string, byteLength: number, metadata: FileMetaData): number {
  const rowCount = Number(metadata.num_rows)
  let sum = 0
  for (const group of metadata.row_groups ?? []) {
    sum += Number(group.num_rows)
    for (const { meta_data: column } of group.columns) {
      if (column === undefined) throw damaged(path, 'a column chunk has no metadata', reportHint)
      const { start, end } = rangeOf(column)
      if (!(start >= 4 && end >= start && end <= byteLength)) {
        throw damaged(path, `column ${column.path_in_schema.join('.')} lies at bytes ${start} to ${end} of ${byteLength}`, reportHint)
      }
      if (!(Number(column.num_values) <= maxValuesPerChunk)) throw damaged(path, `one row group has ${column.num_values} values of ${column.path_in_schema.join('.')}, more than ${maxValuesPerChunk}`, 'Write the file in smaller row groups.')
    }
  }
  if (!Number.isSafeInteger(rowCount) || rowCount < 0 || sum !== rowCount) throw damaged(path, `its footer claims ${rowCount} rows, but its row groups have ${sum}`, reportHint)
  return rowCount
}

/** Bytes of one column chunk. The footer's dictionary offset may be 0 or after the data where there is no dictionary. */
function rangeOf(chunk: ColumnMetaData): { start: number; end: number } {
  const data = Number(chunk.data_page_offset)
  const dictionary = Number(chunk.dictionary_page_offset ?? 0)
  const start = dictionary > 0 && dictionary < data ? dictionary : data
  return { start, end: start + Number(chunk.total_compressed_size) }
}

/** The decoder's view of the file; ranges that lie in a chunk of `window` are served from memory. */
function bufferOf(file: RandomAccessFile, window?: ReadonlyMap<number, ArrayBuffer>): AsyncBuffer {
  return {
    byteLength: file.byteLength,
    async slice(start, end = file.byteLength) {
      for (const [offset, buffer] of window ?? []) {
        if (start === offset && end === offset + buffer.byteLength) return buffer
        if (start >= offset && end <= offset + buffer.byteLength) return buffer.slice(start - offset, end - offset)
      }
      return (await file.read(start, end - start)).buffer
    },
  }
}
