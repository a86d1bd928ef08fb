import { maskedCrc32c } from './crc32c.ts'
import { damaged, type RandomAccessFile } from './random-access-file.ts'

/** A record of a robot episode has a few megabytes; more than this is a damaged length. */
const maxRecordBytes = 2 ** 30
const headerBytes = 12
const footerBytes = 4

/**
 * TFRecord: uint64 length, masked CRC-32C of it, data, masked CRC-32C of them; all little-endian.
 * Yields records with their data's place; stops with an error at the first record that is not whole.
 */
export async function* readTfRecords(file: RandomAccessFile): AsyncGenerator<{ offset: number; data: Uint8Array }, void, undefined> {
  for (let offset = 0; offset < file.byteLength;) {
    const length = await readLength(file, offset)
    const data = await readTfRecord(file, offset + headerBytes, length)
    yield { offset: offset + headerBytes, data }
    offset += headerBytes + length + footerBytes
  }
}

/** One record's data, checked. @throws KinoraError `dataset-invalid`. */
export async function readTfRecord(file: RandomAccessFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await file.read(offset, length + footerBytes)
  const data = bytes.subarray(0, length)
  if (maskedCrc32c(data) !== new DataView(bytes.buffer).getUint32(length, true)) throw damaged(file.path, `the record at byte ${offset} has a wrong checksum`, 'The file was changed: copy it again from its source.')
  return data
}

async function readLength(file: RandomAccessFile, offset: number): Promise<number> {
  if (offset + headerBytes > file.byteLength) throw damaged(file.path, `it ends inside the record at byte ${offset}`, 'The file is cut: copy it again from its source.')
  const header = await file.read(offset, headerBytes)
  const view = new DataView(header.buffer)
  if (maskedCrc32c(header.subarray(0, 8)) !== view.getUint32(8, true)) throw damaged(file.path, `the length of the record at byte ${offset} has a wrong checksum`, 'The file was changed, or is no TFRecord file: copy it again from its source.')
  const length = Number(view.getBigUint64(0, true))
  if (length > maxRecordBytes || offset + headerBytes + length + footerBytes > file.byteLength) {
    throw damaged(file.path, `the record at byte ${offset} has ${length} bytes, but the file ends at ${file.byteLength}`, 'The file is cut: copy it again from its source.')
  }
  return length
}

/** A record as it is stored, for files that tests and exports write. */
export function encodeTfRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + data.length + footerBytes)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true)
  bytes.set(data, headerBytes)
  view.setUint32(headerBytes + data.length, maskedCrc32c(data), true)
  return bytes
}
