import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { FlowField } from '../base/image.ts'
import { fromFloat16, toFloat16 } from './float16.ts'
import { damaged } from './random-access-file.ts'

/**
 * The flow of one camera over one episode at one horizon, for sidecar and cache files (.kflow). Components are kept as
 * binary16: off by at most 2^-11 of their size, or 2^-25 px near zero, where one step of an 8-bit motion image is 2^-8.
 * Layout, little-endian: "KFLOW1\0\0", uint32 frames, width, height, hasValid; then raw deflate of the upper bytes of
 * all components, their lower bytes, and, if hasValid, one byte per pixel.
 */
const magic = 'KFLOW1\0\0'
const headerBytes = 24
const maxComponents = 2 ** 30

export function encodeFlowArchive(flow: readonly FlowField[]): Uint8Array {
  const first = flow[0]
  if (first === undefined) throw new RangeError('encodeFlowArchive: no frames')
  const { width, height } = first
  const pixels = width * height
  const components = flow.length * pixels * 2
  const hasValid = flow.some((field) => field.valid !== undefined)
  const raw = new Uint8Array(components * 2 + (hasValid ? flow.length * pixels : 0))
  for (const [frame, field] of flow.entries()) {
    if (field.width !== width || field.height !== height) throw new RangeError('encodeFlowArchive: frames differ in size')
    for (let index = 0; index < pixels * 2; index++) {
      const component = field.uv[index]!
      // Most components of a still camera are zero.
      if (component === 0) continue
      const half = toFloat16(component)
      // What rounds to zero is zero, without a sign, so that writing again what was read changes nothing.
      if ((half & 0x7fff) === 0) continue
      raw[frame * pixels * 2 + index] = half >>> 8
      raw[components + frame * pixels * 2 + index] = half & 0xff
    }
    if (hasValid) {
      const start = components * 2 + frame * pixels
      if (field.valid === undefined) raw.fill(1, start, start + pixels)
      else raw.set(field.valid, start)
    }
  }
  const packed = deflateRawSync(raw, { level: 1, memLevel: 9 })
  const bytes = new Uint8Array(headerBytes + packed.length)
  bytes.set(new TextEncoder().encode(magic))
  const view = new DataView(bytes.buffer)
  for (const [index, value] of [flow.length, width, height, hasValid ? 1 : 0].entries()) view.setUint32(8 + index * 4, value, true)
  bytes.set(packed, headerBytes)
  return bytes
}

/** @throws KinoraError `dataset-invalid`. */
export function decodeFlowArchive(bytes: Uint8Array, path = 'the flow archive'): FlowField[] {
  const hint = 'Delete it: Kinora makes it again from the recorded actions.'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < headerBytes || new TextDecoder('latin1').decode(bytes.subarray(0, 8)) !== magic) throw damaged(path, 'it does not begin with the mark KFLOW1', hint)
  const frames = view.getUint32(8, true)
  const width = view.getUint32(12, true)
  const height = view.getUint32(16, true)
  const hasValid = view.getUint32(20, true) === 1
  const pixels = width * height
  const components = frames * pixels * 2
  if (!(frames >= 1 && pixels >= 1 && components <= maxComponents)) throw damaged(path, `${frames} frames of ${width} x ${height} are not possible`, hint)
  const length = components * 2 + (hasValid ? frames * pixels : 0)
  let raw: Uint8Array
  try {
    raw = inflateRawSync(bytes.subarray(headerBytes), { maxOutputLength: length })
  } catch (error) {
    throw damaged(path, `not readable (${error instanceof Error ? error.message : String(error)})`, hint, error)
  }
  if (raw.length !== length) throw damaged(path, `it has ${raw.length} bytes of data, expected ${length}`, hint)
  return Array.from({ length: frames }, (_, frame) => {
    const uv = new Float32Array(pixels * 2)
    const start = frame * pixels * 2
    for (let index = 0; index < uv.length; index++) {
      const half = (raw[start + index]! << 8) | raw[components + start + index]!
      if (half !== 0) uv[index] = fromFloat16(half)
    }
    if (!hasValid) return { width, height, uv }
    return { width, height, uv, valid: Uint8Array.from(raw.subarray(components * 2 + frame * pixels, components * 2 + (frame + 1) * pixels)) }
  })
}
