import { ByteWriter, ParquetWriter, type ColumnSource } from 'hyparquet-writer'
import type { KeyValue, SchemaElement } from 'hyparquet'

/**
 * The column kinds that LeRobot's files have. `list` is a 3-level LIST of `of`, nested as deep as wanted; `image` is
 * struct{bytes, path} as the `datasets` library embeds pictures.
 */
export type ColumnKind =
  | { readonly kind: 'float32' | 'float64' | 'int64' | 'bool' | 'string' | 'image' }
  | { readonly kind: 'list'; readonly of: ColumnKind }

export const float32Column: ColumnKind = { kind: 'float32' }
export const float64Column: ColumnKind = { kind: 'float64' }
export const int64Column: ColumnKind = { kind: 'int64' }
export const boolColumn: ColumnKind = { kind: 'bool' }
export const stringColumn: ColumnKind = { kind: 'string' }
export const imageColumn: ColumnKind = { kind: 'image' }
export function listColumn(of: ColumnKind): ColumnKind {
  return { kind: 'list', of }
}

export interface ParquetColumn {
  readonly name: string
  readonly kind: ColumnKind
}

/** Values by column name; int64 as bigint, lists as arrays, pictures as {bytes, path}. All of one length. */
export type ParquetRows = Record<string, unknown[]>

/** A reader of one picture takes a page: small ones let it take few others with it. */
const pageBytes = 2 ** 18

/**
 * A parquet file's bytes with one row group per element of `groups`: a reader fetches one group (one episode) without
 * the rest. Embedded pictures are compressed already and stay as they are; all else is packed with snappy.
 */
export function encodeParquet(columns: readonly ParquetColumn[], groups: Iterable<ParquetRows>, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const writer = new ByteWriter(2 ** 16)
  const schema: SchemaElement[] = [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(({ name, kind }) => elementsOf(name, kind))]
  const kvMetadata: KeyValue[] = Object.entries(metadata).map(([key, value]) => ({ key, value }))
  const parquet = new ParquetWriter({ writer, schema, kvMetadata, createdBy: 'kinora' })
  for (const rows of groups) {
    const columnData: ColumnSource[] = columns.map(({ name, kind }) => {
      const data = rows[name]
      if (data === undefined) throw new RangeError(`encodeParquet: no values for column ${name}`)
      return kind.kind === 'image' ? { name, data, codec: 'UNCOMPRESSED', statistics: false, encoding: 'PLAIN' } : { name, data }
    })
    void parquet.write({ columnData, rowGroupSize: 2 ** 30, pageSize: pageBytes })
  }
  void parquet.finish()
  return writer.getBytes()
}

function elementsOf(name: string, kind: ColumnKind): SchemaElement[] {
  const repetition_type = 'OPTIONAL'
  switch (kind.kind) {
    case 'float32': return [{ name, type: 'FLOAT', repetition_type }]
    case 'float64': return [{ name, type: 'DOUBLE', repetition_type }]
    case 'int64': return [{ name, type: 'INT64', repetition_type }]
    case 'bool': return [{ name, type: 'BOOLEAN', repetition_type }]
    case 'string': return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type }]
    case 'image':
      return [
        { name, num_children: 2, repetition_type },
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type },
        { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type },
      ]
    case 'list':
      return [
        { name, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' }, repetition_type },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        ...elementsOf('element', kind.of),
      ]
  }
}
