import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { crc32c } from '../../../electron/formats/crc32c.ts'
import { RandomAccessFile } from '../../../electron/formats/random-access-file.ts'
import { parseExample } from '../../../electron/formats/tf-example.ts'
import { encodeTfRecord, readTfRecords } from '../../../electron/formats/tfrecord.ts'
import { encodeExample } from '../../support/tf-example.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-tfrecord-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

async function readAll(path: string): Promise<Uint8Array[]> {
  await using file = await RandomAccessFile.open(path)
  const records: Uint8Array[] = []
  for await (const { data } of readTfRecords(file)) records.push(Uint8Array.from(data))
  return records
}

describe('TFRecord', () => {
  it('has the checksum of the standard', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  })

  it('gives back every record, and refuses every cut and every flipped bit', async () => {
    const path = join(folder, 'a.tfrecord')
    const records = [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.from({ length: 40 }, (_, index) => index)]
    const whole = Buffer.concat(records.map(encodeTfRecord))
    await writeFile(path, whole)
    expect(await readAll(path)).toEqual(records)
    const boundaries = records.reduce<number[]>((ends, record) => [...ends, (ends.at(-1) ?? 0) + record.length + 16], [0])
    for (let keep = 0; keep < whole.length; keep++) {
      await writeFile(path, whole.subarray(0, keep))
      if (boundaries.includes(keep)) expect(await readAll(path)).toEqual(records.slice(0, boundaries.indexOf(keep)))
      else await expect(readAll(path), `${keep} bytes kept`).rejects.toBeInstanceOf(KinoraError)
    }
    for (let at = 0; at < whole.length; at++) {
      const changed = Uint8Array.from(whole)
      changed[at]! ^= 4
      await writeFile(path, changed)
      await expect(readAll(path), `byte ${at} changed`).rejects.toBeInstanceOf(KinoraError)
    }
  })
})

describe('tf.train.Example', () => {
  it('gives back bytes, floats and integers', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array()), fc.array(fc.float()), fc.array(fc.maxSafeInteger()), (bytes, floats, integers) => {
      const example = parseExample(encodeExample({ 'steps/b': bytes, 'steps/f': Float32Array.from(floats), 'steps/i': integers.map(BigInt) }))
      expect([...example.keys()]).toEqual(['steps/b', 'steps/f', 'steps/i'])
      expect(example.get('steps/b')!.values).toEqual(bytes)
      expect(example.get('steps/f')!.values).toEqual(Float32Array.from(floats))
      expect([...example.get('steps/i')!.values]).toEqual(integers.map((value) => value + 0))
    }), { numRuns: 60 })
  })

  it('throws an Error for noise, and never hangs', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      try {
        parseExample(noise)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }), { numRuns: 500 })
  })
})
