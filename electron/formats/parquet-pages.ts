import type { ColumnMetaData, SchemaTree } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { unpackPage } from './parquet-guard.ts'
import { decodeByteStreamSplit, decodePlain, decodeRle, lookUp, type Values } from './parquet-values.ts'

/** More values in one column chunk are refused: their count alone would decide how much memory is taken. */
export const maxValuesPerChunk = 2 ** 25

/** One physical column of one row group. Levels are null where they would all be the largest (or zero). */
export interface ColumnChunk {
  readonly values: Values
  readonly definitionLevels: Uint32Array | null
  readonly repetitionLevels: Uint32Array | null
}

/**
 * Decodes the pages of a column chunk. The page layout is the product's own so that every count in a hostile file is
 * checked before it is used; thrift headers are hyparquet's. @throws Error saying what does not fit.
 */
export function decodeChunk(bytes: Uint8Array, column: ColumnMetaData, path: readonly SchemaTree[]): ColumnChunk {
  const element = path.at(-1)!.element
  const maxRepetition = path.filter((node) => node.element.repetition_type === 'REPEATED').length
  const maxDefinition = definitionLevelOf(path)
  const expected = Number(column.num_values)
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  const pages: Values[] = []
  const definitions: (Uint32Array | number)[] = []
  const repetitions: Uint32Array[] = []
  let dictionary: Values | null = null
  let seen = 0
  while (seen < expected) {
    if (reader.offset >= bytes.length) throw new Error(`a column ends after ${seen} of ${expected} values`)
    const header = parquetHeader(reader)
    const packedBytes = header.compressed_page_size
    if (!(packedBytes >= 0 && packedBytes <= bytes.length - reader.offset)) throw new Error(`a page claims ${packedBytes} bytes, but its column ends before`)
    const packed = bytes.subarray(reader.offset, reader.offset + packedBytes)
    reader.offset += packedBytes
    if (header.dictionary_page_header) {
      const count = header.dictionary_page_header.num_values
      if (!(count >= 0 && count <= maxValuesPerChunk)) throw new Error(`a dictionary claims ${count} entries`)
      dictionary = decodePlain(unpackPage(column.codec, packed, header.uncompressed_page_size), column.type, count, element)
      continue
    }
    const page = header.data_page_header ?? header.data_page_header_v2
    if (!page) continue
    const count = page.num_values
    if (!(count >= 0 && count <= expected - seen)) throw new Error(`a page claims ${count} of ${expected - seen} values`)
    seen += count
    let content: Uint8Array
    let repetition: Uint8Array | null = null
    let definition: Uint8Array | null = null
    const v2 = header.data_page_header_v2
    if (v2) {
      const levelBytes = v2.repetition_levels_byte_length + v2.definition_levels_byte_length
      if (!(v2.repetition_levels_byte_length >= 0 && v2.definition_levels_byte_length >= 0 && levelBytes <= packed.length)) throw new Error(`levels claim ${levelBytes} bytes of a page of ${packed.length}`)
      repetition = packed.subarray(0, v2.repetition_levels_byte_length)
      definition = packed.subarray(v2.repetition_levels_byte_length, levelBytes)
      content = unpackPage(v2.is_compressed === false ? 'UNCOMPRESSED' : column.codec, packed.subarray(levelBytes), header.uncompressed_page_size - levelBytes)
    } else {
      content = unpackPage(column.codec, packed, header.uncompressed_page_size)
      if (maxRepetition > 0) [repetition, content] = takeLevels(content)
      if (maxDefinition > 0) [definition, content] = takeLevels(content)
    }
    if (maxRepetition > 0) repetitions.push(decodeLevels(repetition!, maxRepetition, count))
    let present = count
    if (maxDefinition > 0) {
      const levels = decodeLevels(definition!, maxDefinition, count)
      present = 0
      for (const level of levels) if (level === maxDefinition) present++
      definitions.push(present === count ? count : levels)
    }
    pages.push(decodeValues(content, page.encoding, column, present, dictionary, path))
  }
  const hasAbsent = definitions.some((levels) => typeof levels !== 'number')
  return {
    values: concatenate(pages),
    definitionLevels: hasAbsent ? (concatenate(definitions.map((levels) => (typeof levels === 'number' ? new Uint32Array(levels).fill(maxDefinition) : levels))) as Uint32Array) : null,
    repetitionLevels: maxRepetition > 0 ? (concatenate(repetitions) as Uint32Array) : null,
  }
}

/** Rows [from, to) of a chunk that has one value a row, absent ones among them. */
export function sliceChunk({ values, definitionLevels, repetitionLevels }: ColumnChunk, path: readonly SchemaTree[], from: number, to: number): ColumnChunk {
  const slice = (start: number, end: number): Values => (Array.isArray(values) ? values.slice(start, end) : values.subarray(start, end))
  if (definitionLevels === null) return { values: slice(from, to), definitionLevels, repetitionLevels }
  const present = definitionLevelOf(path)
  let first = 0
  for (let row = 0; row < from; row++) if (definitionLevels[row] === present) first++
  const levels = definitionLevels.subarray(from, to)
  let count = 0
  for (const level of levels) if (level === present) count++
  return { values: slice(first, first + count), definitionLevels: levels, repetitionLevels }
}

/** The definition level of a value that is there. */
function definitionLevelOf(path: readonly SchemaTree[]): number {
  return path.slice(1).filter((node) => node.element.repetition_type !== 'REQUIRED').length
}

function decodeValues(content: Uint8Array, encoding: string | undefined, column: ColumnMetaData, count: number, dictionary: Values | null, path: readonly SchemaTree[]): Values {
  const element = path.at(-1)!.element
  switch (encoding) {
    case 'PLAIN': return decodePlain(content, column.type, count, element)
    case 'BYTE_STREAM_SPLIT': return decodeByteStreamSplit(content, column.type, count, element)
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === null) throw new Error('a page refers to a dictionary that is not there')
      if (count === 0) return []
      if (content.length === 0) throw new Error('a page is empty')
      return lookUp(dictionary, decodeRle(content.subarray(1), content[0]!, count))
    }
    case 'RLE': {
      if (column.type !== 'BOOLEAN') throw new Error(`RLE of ${column.type} is not possible`)
      return Array.from(decodeRle(takeLevels(content)[0], 1, count), (bit) => bit === 1)
    }
    default: throw new Error(`its encoding ${encoding} is not read; write the file again with pyarrow's defaults`)
  }
}

/** A length of four bytes, that many bytes of levels, and the rest. */
function takeLevels(content: Uint8Array): [Uint8Array, Uint8Array] {
  if (content.length < 4) throw new Error('a page ends before its levels')
  const length = new DataView(content.buffer, content.byteOffset, 4).getUint32(0, true)
  if (length > content.length - 4) throw new Error(`levels claim ${length} bytes of a page of ${content.length}`)
  return [content.subarray(4, 4 + length), content.subarray(4 + length)]
}

function decodeLevels(bytes: Uint8Array, max: number, count: number): Uint32Array {
  const levels = decodeRle(bytes, 32 - Math.clz32(max), count)
  for (const level of levels) if (level > max) throw new Error(`a level of ${level} is above ${max}`)
  return levels
}

function concatenate(parts: readonly Values[]): Values {
  if (parts.length === 1) return parts[0]!
  if (parts.length === 0) return []
  const filled = parts.filter((part) => part.length > 0)
  if (filled.length === 0) return parts[0]!
  if (filled.some(Array.isArray)) return filled.flatMap((part) => Array.from(part as ArrayLike<unknown>))
  const first = filled[0] as Float64Array
  const all = new (first.constructor as new (length: number) => Float64Array)(filled.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of filled as Float64Array[]) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}
