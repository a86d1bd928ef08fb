import type { FlowField } from '../base/image.ts'
import { damaged } from './random-access-file.ts'

/**
 * Middlebury .flo: float32 202021.25 (the bytes "PIEH"), int32 width, int32 height, then u, v as interleaved float32,
 * row-major, all little-endian. A component beyond 1e9 means that the flow is unknown there.
 */
const magic = 202021.25
const unknownFlow = 1e10
const unknownAbove = 1e9
const maxSidePx = 65536

/** @throws KinoraError `dataset-invalid`. */
export function decodeFlo(bytes: Uint8Array, path = 'the .flo file'): FlowField {
  if (bytes.byteLength < 12) throw damaged(path, `it has ${bytes.byteLength} bytes, expected at least 12`, 'Use a Middlebury .flo file.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getFloat32(0, true) !== magic) throw damaged(path, 'it does not begin with the .flo mark "PIEH"', 'Use a Middlebury .flo file.')
  const width = view.getInt32(4, true)
  const height = view.getInt32(8, true)
  if (width < 1 || height < 1 || width > maxSidePx || height > maxSidePx) throw damaged(path, `its size of ${width} x ${height} is not possible`, 'Use a Middlebury .flo file.')
  const expected = 12 + width * height * 8
  if (bytes.byteLength !== expected) throw damaged(path, `it has ${bytes.byteLength} bytes, expected ${expected} for ${width} x ${height}`, 'The file is cut: copy it again.')
  const uv = new Float32Array(width * height * 2)
  let valid: Uint8Array | undefined
  for (let pixel = 0; pixel < width * height; pixel++) {
    const u = view.getFloat32(12 + pixel * 8, true)
    const v = view.getFloat32(16 + pixel * 8, true)
    // Written so that NaN counts as unknown, too.
    if (Math.abs(u) <= unknownAbove && Math.abs(v) <= unknownAbove) {
      uv[pixel * 2] = u
      uv[pixel * 2 + 1] = v
    } else {
      valid ??= new Uint8Array(width * height).fill(1)
      valid[pixel] = 0
    }
  }
  return valid === undefined ? { width, height, uv } : { width, height, uv, valid }
}

export function encodeFlo(flow: FlowField): Uint8Array {
  const bytes = new Uint8Array(12 + flow.width * flow.height * 8)
  const view = new DataView(bytes.buffer)
  view.setFloat32(0, magic, true)
  view.setInt32(4, flow.width, true)
  view.setInt32(8, flow.height, true)
  for (let pixel = 0; pixel < flow.width * flow.height; pixel++) {
    const isKnown = flow.valid === undefined || flow.valid[pixel] === 1
    view.setFloat32(12 + pixel * 8, isKnown ? flow.uv[pixel * 2]! : unknownFlow, true)
    view.setFloat32(16 + pixel * 8, isKnown ? flow.uv[pixel * 2 + 1]! : unknownFlow, true)
  }
  return bytes
}
