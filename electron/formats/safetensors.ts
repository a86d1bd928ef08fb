import { createHash } from 'node:crypto'
import { sizeOf, type HostTensor, type HostTensors } from '../base/host-tensor.ts'
import { KinoraError } from '../contract/errors.ts'
import { decodeBfloat16, decodeFloat16 } from './float16.ts'
import { RandomAccessFile } from './random-access-file.ts'
import { writeChunksAtomic } from './write-chunks.ts'

/**
 * safetensors: uint64 header length (little-endian), JSON header {name: {dtype, shape, data_offsets: [begin, end]}},
 * then the data, without gaps or overlaps. Half, bfloat16 and 64-bit tensors are read as float32 and int32.
 */

/** The reference implementation's own limit. */
const maxHeaderBytes = 100_000_000
const maxRank = 32

const bytesPerElement = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 } as const
type StoredType = keyof typeof bytesPerElement
const storedTypeOf = { float32: 'F32', int32: 'I32', bool: 'BOOL' } as const

export interface StoredTensor {
  readonly dtype: StoredType
  readonly shape: readonly number[]
  /** Relative to the end of the header. */
  readonly begin: number
  readonly end: number
}

function refuse(path: string, what: string, cause?: unknown): KinoraError {
  return new KinoraError('checkpoint-damaged', `${path} is not a valid safetensors file: ${what}.`, 'The file is cut or was changed: copy it again, or use another checkpoint.', { cause })
}

/** Opens a file and reads nothing but its header; tensors are read by name. */
export class SafetensorsFile implements AsyncDisposable {
  readonly path: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
  #file: RandomAccessFile
  #dataStart: number

  private constructor(file: RandomAccessFile, dataStart: number, tensors: ReadonlyMap<string, StoredTensor>, metadata: Record<string, string>) {
    this.path = file.path
    this.#file = file
    this.#dataStart = dataStart
    this.tensors = tensors
    this.metadata = metadata
  }

  /** @throws KinoraError `checkpoint-damaged`, `not-found` or `io`. */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await RandomAccessFile.open(path)
    try {
      if (file.byteLength < 8) throw refuse(path, `it has ${file.byteLength} bytes, expected at least 8`)
      const length = new DataView((await file.read(0, 8)).buffer).getBigUint64(0, true)
      if (length > BigInt(Math.min(maxHeaderBytes, file.byteLength - 8))) {
        throw refuse(path, `its header claims ${length} bytes of a file of ${file.byteLength}`)
      }
      const dataStart = 8 + Number(length)
      const header = parseHeader(path, await file.read(8, Number(length)))
      const { tensors, metadata } = checkHeader(path, header, file.byteLength - dataStart)
      return new SafetensorsFile(file, dataStart, tensors, metadata)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** @throws KinoraError `not-found` for a name that is not in the file. */
  async read(name: string): Promise<HostTensor> {
    const stored = this.tensors.get(name)
    if (stored === undefined) {
      throw new KinoraError('not-found', `${this.path} has no tensor ${name}.`, `It has ${this.tensors.size} tensors, for example ${[...this.tensors.keys()].slice(0, 3).join(', ')}.`)
    }
    const data = new Uint8Array(new ArrayBuffer(stored.end - stored.begin))
    // A tensor may be larger than one read allows.
    const pieceBytes = 2 ** 28
    for (let done = 0; done < data.length; done += pieceBytes) {
      data.set(await this.#file.read(this.#dataStart + stored.begin + done, Math.min(pieceBytes, data.length - done)), done)
    }
    return decode(this.path, name, stored, data.buffer)
  }

  async readAll(names: Iterable<string> = this.tensors.keys()): Promise<HostTensors> {
    const result: HostTensors = {}
    for (const name of names) result[name] = await this.read(name)
    return result
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export async function readSafetensors(path: string, names?: Iterable<string>): Promise<HostTensors> {
  await using file = await SafetensorsFile.open(path)
  return await file.readAll(names)
}

/** The file's bytes in pieces; the data are views of the tensors themselves, not copies. */
export function* encodeSafetensors(tensors: HostTensors, metadata: Readonly<Record<string, string>> = {}): Generator<Uint8Array> {
  const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata
  let offset = 0
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name === '__metadata__') throw new KinoraError('internal', 'A tensor must not be named __metadata__.', 'Rename it.')
    if (sizeOf(tensor.shape) !== tensor.data.length) {
      throw new KinoraError('internal', `Tensor ${name} has ${tensor.data.length} elements, but its shape is [${tensor.shape.join(', ')}].`, 'This is a bug in Kinora. Please report it with the log.')
    }
    header[name] = { dtype: storedTypeOf[tensor.dtype], shape: tensor.shape, data_offsets: [offset, offset + tensor.data.byteLength] }
    offset += tensor.data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  // Spaces after the JSON keep the data aligned to 8 bytes for readers that map the file.
  const start = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true)
  start.set(json, 8)
  yield start
  for (const tensor of Object.values(tensors)) yield new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
}

/** Size and SHA-256 of the file that {@link writeSafetensors} would write. */
export function digestSafetensors(tensors: HostTensors): { bytes: number; sha256: string } {
  const hash = createHash('sha256')
  let bytes = 0
  for (const chunk of encodeSafetensors(tensors)) {
    hash.update(chunk)
    bytes += chunk.byteLength
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Writes atomically. @returns size and SHA-256 of the file. */
export async function writeSafetensors(path: string, tensors: HostTensors, metadata?: Readonly<Record<string, string>>): Promise<{ bytes: number; sha256: string }> {
  return await writeChunksAtomic(path, encodeSafetensors(tensors, metadata))
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof header !== 'object' || header === null || Array.isArray(header)) throw new TypeError('expected an object')
    return header as Record<string, unknown>
  } catch (error) {
    throw refuse(path, `its header is no JSON object (${error instanceof Error ? error.message : String(error)})`, error)
  }
}

/** Every claim of the header, checked before one byte of data is read. */
function checkHeader(path: string, header: Record<string, unknown>, dataBytes: number) {
  const tensors = new Map<string, StoredTensor>()
  const metadata: Record<string, string> = {}
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries((entry ?? {}) as object)) {
        if (typeof value !== 'string') throw refuse(path, `its metadata ${key} is no string`)
        metadata[key] = value
      }
      continue
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown }
    if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerElement, dtype)) throw refuse(path, `tensor ${name} has the unknown type ${String(dtype)}`)
    if (!isExtents(shape) || shape.length > maxRank) throw refuse(path, `tensor ${name} has no valid shape`)
    if (!isExtents(offsets) || offsets.length !== 2) throw refuse(path, `tensor ${name} has no valid data_offsets`)
    const [begin, end] = offsets as [number, number]
    const bytes = sizeOf(shape) * bytesPerElement[dtype as StoredType]
    if (end - begin !== bytes) throw refuse(path, `tensor ${name} of ${dtype} [${shape.join(', ')}] needs ${bytes} bytes, but has ${end - begin}`)
    tensors.set(name, { dtype: dtype as StoredType, shape, begin, end })
  }
  let covered = 0
  for (const [name, { begin, end }] of [...tensors].sort((a, b) => a[1].begin - b[1].begin || a[1].end - b[1].end)) {
    if (begin !== covered) throw refuse(path, `tensor ${name} begins at ${begin}, expected ${covered}: the data have a gap or overlap`)
    covered = end
  }
  if (covered !== dataBytes) throw refuse(path, `its tensors need ${covered} bytes, but ${dataBytes} follow the header`)
  return { tensors, metadata }
}

function isExtents(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0)
}

function decode(path: string, name: string, { dtype, shape }: StoredTensor, buffer: ArrayBuffer): HostTensor {
  switch (dtype) {
    case 'F32': return { dtype: 'float32', shape, data: new Float32Array(buffer) }
    case 'F64': return { dtype: 'float32', shape, data: Float32Array.from(new Float64Array(buffer)) }
    case 'F16': return { dtype: 'float32', shape, data: decodeFloat16(new Uint16Array(buffer)) }
    case 'BF16': return { dtype: 'float32', shape, data: decodeBfloat16(new Uint16Array(buffer)) }
    case 'I32': return { dtype: 'int32', shape, data: new Int32Array(buffer) }
    case 'I16': return { dtype: 'int32', shape, data: Int32Array.from(new Int16Array(buffer)) }
    case 'I8': return { dtype: 'int32', shape, data: Int32Array.from(new Int8Array(buffer)) }
    case 'U16': return { dtype: 'int32', shape, data: Int32Array.from(new Uint16Array(buffer)) }
    case 'U8': return { dtype: 'int32', shape, data: Int32Array.from(new Uint8Array(buffer)) }
    case 'U32': return { dtype: 'int32', shape, data: narrow(path, name, new Uint32Array(buffer)) }
    case 'I64': return { dtype: 'int32', shape, data: narrow(path, name, new BigInt64Array(buffer)) }
    case 'U64': return { dtype: 'int32', shape, data: narrow(path, name, new BigUint64Array(buffer)) }
    case 'BOOL': return { dtype: 'bool', shape, data: new Uint8Array(buffer) }
  }
}

function narrow(path: string, name: string, source: Uint32Array | BigInt64Array | BigUint64Array): Int32Array {
  const data = new Int32Array(source.length)
  for (let index = 0; index < source.length; index++) {
    const value = Number(source[index])
    if (value < -(2 ** 31) || value >= 2 ** 31) throw refuse(path, `tensor ${name} holds ${value}, which does not fit into 32 bits`)
    data[index] = value
  }
  return data
}
