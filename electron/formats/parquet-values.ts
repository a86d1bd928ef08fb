import type { ParquetType, SchemaElement } from 'hyparquet'

/**
 * Decoders of parquet's value encodings. Each is given how many values there must be and never reads past its bytes nor
 * writes past that count, whatever the bytes say. Layout: Apache Parquet format, Encodings.md.
 */

export type Values = Float32Array | Float64Array | Int32Array | Uint32Array | BigInt64Array | unknown[]

/** PLAIN: the values one after the other, little-endian. */
export function decodePlain(bytes: Uint8Array, type: ParquetType, count: number, element: SchemaElement): Values {
  switch (type) {
    case 'BOOLEAN': {
      need(bytes, Math.ceil(count / 8))
      return Array.from({ length: count }, (_, index) => ((bytes[index >> 3]! >> (index & 7)) & 1) === 1)
    }
    case 'INT32': return isUnsigned32(element) ? new Uint32Array(copy(bytes, count * 4)) : new Int32Array(copy(bytes, count * 4))
    case 'INT64': return new BigInt64Array(copy(bytes, count * 8))
    case 'FLOAT': return new Float32Array(copy(bytes, count * 4))
    case 'DOUBLE': return new Float64Array(copy(bytes, count * 8))
    case 'BYTE_ARRAY': {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const convert = converter(element)
      const values: unknown[] = []
      for (let offset = 0; values.length < count;) {
        if (offset + 4 > bytes.length) throw new Error(`a page ends after ${values.length} of ${count} values`)
        const length = view.getUint32(offset, true)
        if (length > bytes.length - offset - 4) throw new Error(`a value claims ${length} bytes, but its page ends before`)
        values.push(convert(bytes.subarray(offset + 4, offset + 4 + length)))
        offset += 4 + length
      }
      return values
    }
    case 'FIXED_LEN_BYTE_ARRAY': {
      const length = element.type_length ?? 0
      if (!(length > 0)) throw new Error('a fixed length is not given')
      need(bytes, count * length)
      const convert = converter(element)
      return Array.from({ length: count }, (_, index) => convert(bytes.subarray(index * length, (index + 1) * length)))
    }
    default: throw new Error(`values of type ${type} are not read`)
  }
}

/** BYTE_STREAM_SPLIT: all first bytes, then all second bytes, and so on. */
export function decodeByteStreamSplit(bytes: Uint8Array, type: ParquetType, count: number, element: SchemaElement): Values {
  const width = type === 'FLOAT' || type === 'INT32' ? 4 : type === 'DOUBLE' || type === 'INT64' ? 8 : 0
  if (width === 0) throw new Error(`BYTE_STREAM_SPLIT of ${type} is not read`)
  need(bytes, count * width)
  const joined = new Uint8Array(count * width)
  for (let index = 0; index < count; index++) for (let byte = 0; byte < width; byte++) joined[index * width + byte] = bytes[byte * count + index]!
  return decodePlain(joined, type, count, element)
}

/** RLE / bit-packing hybrid: runs of one value and groups of eight packed ones. */
export function decodeRle(bytes: Uint8Array, bitWidth: number, count: number): Uint32Array {
  if (!(bitWidth >= 0 && bitWidth <= 32)) throw new Error(`a width of ${bitWidth} bits is not possible`)
  const output = new Uint32Array(count)
  if (bitWidth === 0) return output
  const byteWidth = (bitWidth + 7) >> 3
  const mask = bitWidth === 32 ? 0xffffffff : 2 ** bitWidth - 1
  let offset = 0
  for (let seen = 0; seen < count;) {
    let header = 0
    for (let shift = 1; ; shift *= 128) {
      if (offset >= bytes.length || shift > 2 ** 35) throw new Error(`runs end after ${seen} of ${count} values`)
      const byte = bytes[offset++]!
      header += (byte & 0x7f) * shift
      if (byte < 0x80) break
    }
    const size = Math.floor(header / 2)
    if (header % 2 === 0) {
      if (size === 0 || offset + byteWidth > bytes.length) throw new Error(`a run of ${size} values is not possible`)
      let value = 0
      for (let byte = 0; byte < byteWidth; byte++) value += bytes[offset++]! * 256 ** byte
      const end = Math.min(count, seen + size)
      output.fill(value, seen, end)
      seen = end
    } else {
      const wanted = Math.min(count - seen, size * 8)
      if (wanted === 0 || offset + Math.ceil((wanted * bitWidth) / 8) > bytes.length) throw new Error(`a group of ${size * 8} packed values is longer than its page`)
      let held = 0
      let bits = 0
      let next = offset
      for (let index = 0; index < wanted; index++) {
        // Never more than 39 bits are held, which a double keeps exactly.
        while (bits < bitWidth) {
          held += bytes[next++]! * 2 ** bits
          bits += 8
        }
        output[seen++] = bitWidth === 32 ? held % 2 ** 32 : bitWidth <= 20 ? held & mask : held % (mask + 1)
        held = Math.floor(held / 2 ** bitWidth)
        bits -= bitWidth
      }
      offset += size * bitWidth
    }
  }
  return output
}

/** Values by their places in a dictionary. */
export function lookUp(dictionary: Values, indices: Uint32Array): Values {
  for (const index of indices) if (index >= dictionary.length) throw new Error(`entry ${index} of a dictionary of ${dictionary.length} is asked for`)
  if (Array.isArray(dictionary)) return Array.from(indices, (index) => dictionary[index])
  const values = new (dictionary.constructor as new (length: number) => Float64Array)(indices.length)
  const source = dictionary as Float64Array
  for (let place = 0; place < indices.length; place++) values[place] = source[indices[place]!]!
  return values
}

const decoder = new TextDecoder('utf-8')

function converter(element: SchemaElement): (bytes: Uint8Array) => unknown {
  const kind = element.logical_type?.type ?? element.converted_type
  if (kind === 'STRING' || kind === 'UTF8' || kind === 'ENUM' || kind === 'JSON') return (bytes) => decoder.decode(bytes)
  return (bytes) => bytes
}

function isUnsigned32(element: SchemaElement): boolean {
  return element.converted_type === 'UINT_32' || (element.logical_type?.type === 'INTEGER' && element.logical_type.bitWidth === 32 && !element.logical_type.isSigned)
}

function need(bytes: Uint8Array, length: number): void {
  if (bytes.length < length) throw new Error(`a page has ${bytes.length} bytes of values, expected ${length}`)
}

/** A copy that is aligned for any typed array. */
function copy(bytes: Uint8Array, length: number): ArrayBuffer {
  need(bytes, length)
  const buffer = new ArrayBuffer(length)
  new Uint8Array(buffer).set(bytes.subarray(0, length))
  return buffer
}
