import { parquetMetadataAsync, parquetSchema, type AsyncBuffer, type ColumnMetaData, type FileMetaData, type SchemaTree } from 'hyparquet'
import { assembleLists, assembleNested } from 'hyparquet/src/assemble.js'
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { getTreePath } from 'hyparquet/src/schema.js'
import { KinoraError } from '../contract/errors.ts'
import { mapPages, type PageMap } from './parquet-page-map.ts'
import { decodeChunk, maxValuesPerChunk, sliceChunk, type ColumnChunk } from './parquet-pages.ts'
import { damaged, RandomAccessFile } from './random-access-file.ts'

/** A smaller chunk is read at once. */
const mappedFromBytes = 2 ** 18
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
  #tree: SchemaTree
  #file: RandomAccessFile
  readonly #pageMaps = new Map<ColumnMetaData, Promise<PageMap | null>>()

  private constructor(file: RandomAccessFile, metadata: FileMetaData, rowCount: number) {
    this.path = file.path
    this.rowCount = rowCount
    this.#tree = parquetSchema(metadata)
    this.columns = this.#tree.children.map((child) => child.element.name)
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
    this.#check(column, rowStart, rowEnd)
    if (rowStart === rowEnd) return []
    return await guard(this.path, async () => {
      const parts: ColumnValues[] = []
      for await (const { group, from, to, leaves } of this.#readGroups(column, rowStart, rowEnd)) {
        const values = assemble(this.#tree, column, leaves)
        if (values.length !== group) throw new Error(`column ${column} has ${values.length} rows, expected ${group}`)
        parts.push(from === 0 && to === group ? values : (values as unknown[]).slice(from, to))
      }
      return parts.length === 1 ? parts[0]! : parts.flatMap((part) => Array.from(part))
    })
  }

  /**
   * A column of vectors of one length as a row-major matrix, read without a list per row; null where some row has
   * another length, a null, or no numbers: read it with {@link readColumn} to see which.
   */
  async readMatrix(column: string, dimension: number, rowStart = 0, rowEnd = this.rowCount): Promise<Float32Array | null> {
    this.#check(column, rowStart, rowEnd)
    return await guard(this.path, async () => {
      const matrix = new Float32Array((rowEnd - rowStart) * dimension)
      let offset = 0
      for await (const { group, from, to, leaves } of this.#readGroups(column, rowStart, rowEnd)) {
        const { values, definitionLevels, repetitionLevels } = leaves[0]!.chunk
        if (leaves.length > 1 || definitionLevels !== null || Array.isArray(values) || values instanceof BigInt64Array || values.length !== group * dimension) return null
        if (repetitionLevels === null ? dimension !== 1 : !isEveryRow(repetitionLevels, dimension)) return null
        matrix.set(values.subarray(from * dimension, to * dimension), offset)
        offset += (to - from) * dimension
      }
      return matrix
    })
  }

  /** Mean bytes of a row of one column, as they lie in the file. */
  rowBytes(column: string): number {
    let bytes = 0
    for (const { columns } of this.#metadata.row_groups) for (const { meta_data: chunk } of columns) if (chunk?.path_in_schema[0] === column) bytes += Number(chunk.total_compressed_size)
    return this.rowCount === 0 ? 0 : bytes / this.rowCount
  }

  #check(column: string, rowStart: number, rowEnd: number): void {
    if (!this.columns.includes(column)) throw damaged(this.path, `it has no column ${column} (it has ${this.columns.join(', ')})`, 'Check the features in meta/info.json.')
    if (rowStart < 0 || rowEnd > this.rowCount || rowStart > rowEnd) {
      throw damaged(this.path, `rows ${rowStart} to ${rowEnd} are asked for, but it has ${this.rowCount}`, 'The metadata claim more rows than there are: copy the file again.')
    }
  }

  /**
   * The physical columns below `column` in every row group that the rows touch, with the rows `from` to `to` of the
   * `group` rows that each of them holds.
   */
  async *#readGroups(column: string, rowStart: number, rowEnd: number): AsyncGenerator<{ group: number; from: number; to: number; leaves: Leaf[] }> {
    for (const [index, { num_rows: rows, columns }] of this.#metadata.row_groups.entries()) {
      const start = this.rowGroupStarts[index]!
      const group = Number(rows)
      if (start >= rowEnd || start + group <= rowStart) continue
      const from = Math.max(0, rowStart - start)
      const to = Math.min(group, rowEnd - start)
      const chunks = columns.flatMap((whole) => {
        const chunk = whole.meta_data
        return chunk === undefined || chunk.path_in_schema[0] !== column ? [] : [{ whole, chunk, path: getTreePath(this.#tree, chunk.path_in_schema) }]
      })
      if (chunks.length === 0) throw new Error(`row group ${index} has no column ${column}`)
      // Without lists each value is a row, so that a part can be read.
      const isPart = to - from < group && chunks.every(({ chunk, path }) => Number(chunk.num_values) === group && path.every(({ element }) => element.repetition_type !== 'REPEATED'))
      const leaves: Leaf[] = []
      for (const { whole, chunk, path } of chunks) leaves.push({ name: chunk.path_in_schema.join('.'), path, chunk: isPart ? await this.#readRows(whole, chunk, path, from, to) : await this.#readChunk(chunk, path) })
      yield isPart ? { group: to - from, from: 0, to: to - from, leaves } : { group, from, to, leaves }
    }
  }

  async #readChunk(chunk: ColumnMetaData, path: readonly SchemaTree[]): Promise<ColumnChunk> {
    const { start, end } = rangeOf(chunk)
    return decodeChunk(await this.#file.read(start, end - start), chunk, path)
  }

  /** Rows [from, to) of a chunk with one value a row: of a large one, only the pages that hold them are read. */
  async #readRows(whole: FileColumn, chunk: ColumnMetaData, path: readonly SchemaTree[], from: number, to: number): Promise<ColumnChunk> {
    const map = await this.#mapOf(whole, chunk)
    if (map === null) return sliceChunk(await this.#readChunk(chunk, path), path, from, to)
    const pages = map.pages.filter(({ firstRow, rowCount }) => firstRow < to && firstRow + rowCount > from)
    const [first, last] = [pages[0]!, pages.at(-1)!]
    const data = await this.#file.read(first.start, last.start + last.byteLength - first.start)
    const { dictionary } = map
    const bytes = dictionary === null ? data : joined(await this.#file.read(dictionary.start, dictionary.byteLength), data)
    const count = last.firstRow + last.rowCount - first.firstRow
    return sliceChunk(decodeChunk(bytes, { ...chunk, num_values: BigInt(count) }, path), path, from - first.firstRow, to - first.firstRow)
  }

  async #mapOf({ offset_index_offset: offset, offset_index_length: length }: FileColumn, chunk: ColumnMetaData): Promise<PageMap | null> {
    const { start, end } = rangeOf(chunk)
    if (end - start < mappedFromBytes) return null
    let map = this.#pageMaps.get(chunk)
    if (map === undefined) {
      const isIndexed = offset !== undefined && length !== undefined && length > 0 && Number(offset) >= 4 && Number(offset) + length <= this.#file.byteLength
      const index = isIndexed ? { start: Number(offset), byteLength: length } : null
      map = mapPages((at, bytes) => this.#file.read(at, bytes), { start, end, rowCount: Number(chunk.num_values), index })
      map.catch(() => this.#pageMaps.delete(chunk))
      this.#pageMaps.set(chunk, map)
    }
    return await map
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

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}

function bufferOf(file: RandomAccessFile): AsyncBuffer {
  return { byteLength: file.byteLength, slice: async (start, end = file.byteLength) => (await file.read(start, end - start)).buffer }
}

type FileColumn = FileMetaData['row_groups'][number]['columns'][number]

interface Leaf {
  readonly name: string
  readonly path: SchemaTree[]
  readonly chunk: ColumnChunk
}

/** Rows of a top-level column from its physical columns: lists and structs are put together by their levels (Dremel). */
function assemble(tree: SchemaTree, column: string, leaves: readonly Leaf[]): ColumnValues {
  const node = tree.children.find(({ element }) => element.name === column)!
  const isFlat = node.children.length === 0 && node.element.repetition_type !== 'REPEATED'
  const columns = new Map<string, unknown[]>()
  for (const { name, path, chunk } of leaves) {
    const { values, definitionLevels, repetitionLevels } = chunk
    if (isFlat) {
      if (definitionLevels === null) return values
      let next = 0
      return Array.from(definitionLevels, (level) => (level === 0 ? null : values[next++]))
    }
    const definitions = definitionLevels === null ? undefined : Array.from(definitionLevels)
    const repetitions = repetitionLevels === null ? [] : Array.from(repetitionLevels)
    columns.set(name, Array.from(assembleLists([], definitions, repetitions, Array.from(values as ArrayLike<unknown>), path) as ArrayLike<unknown>))
  }
  if (node.children.length > 0) assembleNested(columns, node, DEFAULT_PARSERS)
  const rows = columns.get(column)
  if (rows === undefined) throw new Error(`column ${column} cannot be put together`)
  return rows
}

/** Whether each row begins exactly every `dimension` values. */
function isEveryRow(repetitionLevels: Uint32Array, dimension: number): boolean {
  for (let index = 0; index < repetitionLevels.length; index++) if ((repetitionLevels[index] === 0) !== (index % dimension === 0)) return false
  return true
}
