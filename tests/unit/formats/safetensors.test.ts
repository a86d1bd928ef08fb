import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sizeOf, type HostTensors } from '../../../electron/base/host-tensor.ts'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { encodeSafetensors, readSafetensors, SafetensorsFile, writeSafetensors } from '../../../electron/formats/safetensors.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-safetensors-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

const shape = fc.array(fc.nat(4), { maxLength: 4 })
const tensor = shape.chain((extents) => {
  const count = sizeOf(extents)
  return fc.oneof(
    fc.array(fc.float(), { minLength: count, maxLength: count }).map((data) => ({ dtype: 'float32' as const, shape: extents, data: Float32Array.from(data) })),
    fc.array(fc.integer(), { minLength: count, maxLength: count }).map((data) => ({ dtype: 'int32' as const, shape: extents, data: Int32Array.from(data) })),
    fc.array(fc.nat(1), { minLength: count, maxLength: count }).map((data) => ({ dtype: 'bool' as const, shape: extents, data: Uint8Array.from(data) })),
  )
})
const names = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__')

/** A file with this header and `dataBytes` bytes after it. */
async function fileWith(header: unknown, dataBytes = 0, claimed?: bigint): Promise<string> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true)
  bytes.set(json, 8)
  const path = join(folder, 'hostile.safetensors')
  await writeFile(path, bytes)
  return path
}

describe('safetensors', () => {
  it('gives back every tensor and the metadata bit for bit', async () => {
    const path = join(folder, 'round.safetensors')
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, tensor, { maxKeys: 6 }), fc.dictionary(names, fc.string({ unit: 'grapheme' }), { maxKeys: 3 }), async (tensors, metadata) => {
        await writeSafetensors(path, tensors as HostTensors, metadata)
        await using file = await SafetensorsFile.open(path)
        expect({ ...file.metadata }).toEqual({ ...metadata })
        const back = await file.readAll()
        expect(Object.keys(back).sort()).toEqual(Object.keys(tensors).sort())
        for (const [name, expected] of Object.entries(tensors)) {
          expect(back[name]!.dtype).toBe(expected.dtype)
          expect(back[name]!.shape).toEqual(expected.shape)
          expect(Buffer.from(back[name]!.data.buffer, back[name]!.data.byteOffset, back[name]!.data.byteLength).equals(Buffer.from(expected.data.buffer))).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('keeps the data aligned to 8 bytes after the header', () => {
    const [start] = [...encodeSafetensors({ abc: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } })]
    expect(start!.length % 8).toBe(0)
  })

  it('reads one tensor without the rest', async () => {
    const path = join(folder, 'lazy.safetensors')
    await writeSafetensors(path, {
      first: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
      second: { dtype: 'int32', shape: [3], data: Int32Array.of(3, 4, 5) },
    })
    expect(await readSafetensors(path, ['second'])).toEqual({ second: { dtype: 'int32', shape: [3], data: Int32Array.of(3, 4, 5) } })
    await expect(readSafetensors(path, ['third'])).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining('first') })
  })

  it('reads half, bfloat16 and 64-bit tensors as 32-bit ones', async () => {
    const header = {
      half: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
      brain: { dtype: 'BF16', shape: [2], data_offsets: [4, 8] },
      long: { dtype: 'I64', shape: [1], data_offsets: [8, 16] },
      double: { dtype: 'F64', shape: [1], data_offsets: [16, 24] },
    }
    const path = await fileWith(header, 24)
    const bytes = await readFile(path)
    const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 24, 24)
    view.setUint16(0, 0x3c00, true)
    view.setUint16(2, 0xc000, true)
    view.setUint16(4, 0x3fc0, true)
    view.setUint16(6, 0xff80, true)
    view.setBigInt64(8, -7n, true)
    view.setFloat64(16, 0.25, true)
    await writeFile(path, bytes)
    const tensors = await readSafetensors(path)
    expect([...tensors.half!.data]).toEqual([1, -2])
    expect([...tensors.brain!.data]).toEqual([1.5, -Infinity])
    expect([...tensors.long!.data]).toEqual([-7])
    expect([...tensors.double!.data]).toEqual([0.25])
  })

  it.each<[string, unknown, number, bigint | undefined, RegExp]>([
    ['a header longer than the file', {}, 0, 2n ** 63n, /claims 9223372036854775808 bytes/],
    ['a header that is no JSON', '{"a":', 0, undefined, /no JSON object/],
    ['a header that is a list', [], 0, undefined, /no JSON object/],
    ['an unknown type', { a: { dtype: 'constructor', shape: [], data_offsets: [0, 4] } }, 4, undefined, /unknown type/],
    ['a negative extent', { a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, 4, undefined, /no valid shape/],
    ['a shape whose product overflows', { a: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 4] } }, 4, undefined, /needs/],
    ['offsets beyond the file', { a: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } }, 4, undefined, /16 bytes, but 4 follow/],
    ['a gap', { a: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8, undefined, /gap or overlap/],
    ['an overlap', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] }, b: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, 4, undefined, /gap or overlap/],
    ['bytes that belong to no tensor', {}, 4, undefined, /0 bytes, but 4 follow/],
    ['a null entry', { a: null }, 0, undefined, /unknown type/],
  ])('refuses %s', async (_, header, dataBytes, claimed, message) => {
    const path = await fileWith(header, dataBytes, claimed)
    await expect(SafetensorsFile.open(path)).rejects.toMatchObject({ code: 'checkpoint-damaged', message: expect.stringMatching(message) })
  })

  it('refuses a file cut at any byte', async () => {
    const path = join(folder, 'cut.safetensors')
    await writeSafetensors(path, { a: { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) } })
    const { length } = await readFile(path)
    for (let keep = length - 1; keep >= 0; keep--) {
      await truncate(path, keep)
      await expect(SafetensorsFile.open(path), `${keep} bytes kept`).rejects.toBeInstanceOf(KinoraError)
    }
  })
})
