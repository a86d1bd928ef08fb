import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { RandomAccessFile } from '../../../electron/formats/random-access-file.ts'
import { ParquetFile } from '../../../electron/formats/parquet.ts'
import { encodeParquet, float32Column, float64Column, imageColumn, int64Column, listColumn, stringColumn, type ParquetColumn, type ParquetRows } from '../../../electron/formats/parquet-write.ts'

const sample = fileURLToPath(new URL('../../../../shared/data/lerobot-v21-g1/data/chunk-000/episode_000001.parquet', import.meta.url))
let folder: string
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-parquet-'))
  path = join(folder, 'file.parquet')
})
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

const columns: ParquetColumn[] = [
  { name: 'observation.state', kind: listColumn(float32Column) },
  { name: 'image', kind: imageColumn },
  { name: 'timestamp', kind: float32Column },
  { name: 'index', kind: int64Column },
  { name: 'task', kind: stringColumn },
  { name: 'stats/image/mean', kind: listColumn(listColumn(listColumn(float64Column))) },
]

function rowsOf(start: number, count: number): ParquetRows {
  const indices = Array.from({ length: count }, (_, offset) => start + offset)
  return {
    'observation.state': indices.map((index) => [index, -index / 2, 1e-3]),
    'image': indices.map((index) => ({ bytes: Uint8Array.of(index & 255, 0, 255), path: `frame-${index}.png` })),
    'timestamp': indices.map((index) => index / 8),
    'index': indices.map(BigInt),
    'task': indices.map((index) => `task ${index % 3} é`),
    'stats/image/mean': indices.map((index) => [[[index]], [[1]], [[2]]]),
  }
}

describe('parquet', () => {
  it('gives back any row range of any column across row groups', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }), fc.nat(), fc.nat(), async (sizes, a, b) => {
        let start = 0
        const groups = sizes.map((size) => rowsOf((start += size) - size, size))
        await writeFile(path, encodeParquet(columns, groups, { huggingface: '{"info":{}}' }))
        await using file = await ParquetFile.open(path)
        expect(file.rowCount).toBe(start)
        expect(file.columns).toEqual(columns.map(({ name }) => name))
        expect(file.rowGroupStarts).toEqual(sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0)))
        expect(file.metadataValue('huggingface')).toBe('{"info":{}}')
        const [from, to] = [a % (start + 1), b % (start + 1)].sort((x, y) => x - y) as [number, number]
        const expected = rowsOf(from, to - from)
        for (const { name } of columns) {
          const values = Array.from(await file.readColumn(name, from, to))
          if (name === 'observation.state') expect(values).toEqual(expected[name]!.map((row) => [...Float32Array.from(row as number[])]))
          else expect(values, name).toEqual(expected[name])
        }
      }),
      { numRuns: 25 },
    )
  })

  it('reads a few rows of large pictures without the others, absent ones among them', async () => {
    const pictureOf = (row: number) => (row % 7 === 3 ? null : { bytes: new Uint8Array(40_000 + row).fill(row), path: row % 5 === 0 ? null : `frame-${row}.png` })
    /** Megabytes are slow to compare one by one. */
    const brief = (picture?: ReturnType<typeof pictureOf>) => (picture ? `${crc32(picture.bytes)} ${picture.path}` : 'absent')
    const pictures = Array.from({ length: 90 }, (_, row) => pictureOf(row))
    await writeFile(path, encodeParquet([{ name: 'image', kind: imageColumn }], [{ image: pictures.slice(0, 60) }, { image: pictures.slice(60) }]))
    const seen = vi.spyOn(RandomAccessFile.prototype, 'read')
    await using file = await ParquetFile.open(path)
    const read = async (from: number, to: number): Promise<number> => {
      seen.mockClear()
      const found = Array.from(await file.readColumn('image', from, to), (picture) => picture as ReturnType<typeof pictureOf>)
      expect(found.map(brief), `rows ${from} to ${to}`).toEqual(pictures.slice(from, to).map(brief))
      return seen.mock.calls.reduce((sum, [, length]) => sum + length, 0)
    }
    await read(5, 6)
    // The headers are known now; a page has a quarter of a megabyte.
    expect(await read(5, 6)).toBeLessThan(4e5)
    for (const [from, to] of [[0, 90], [0, 1], [89, 90], [55, 65], [3, 4], [20, 58]] as const) await read(from, to)
    seen.mockRestore()
  })

  it('says which columns there are when asked for another, and which rows', async () => {
    await writeFile(path, encodeParquet(columns, [rowsOf(0, 4)]))
    await using file = await ParquetFile.open(path)
    await expect(file.readColumn('action')).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('observation.state') })
    await expect(file.readColumn('index', 2, 9)).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('it has 4') })
  })

  it.each(['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'v2', 'plain', 'split'])('reads what pyarrow writes: %s', async (variant) => {
    await using file = await ParquetFile.open(fileURLToPath(new URL(`../../golden/formats/pyarrow-${variant}.parquet`, import.meta.url)))
    expect(file.rowCount).toBe(300)
    const indices = Array.from({ length: 300 }, (_, index) => index)
    const expected: Record<string, unknown[]> = {
      vector: indices.map((index) => [index, -index / 2, 0.25]),
      ragged: indices.map((index) => (index % 7 === 0 ? null : Array.from({ length: index % 4 }, (_, value) => BigInt(value)))),
      number: indices.map((index) => (index % 5 === 0 ? null : index / 8)),
      whole: indices.map(BigInt),
      small: indices.map((index) => index % 3),
      flag: indices.map((index) => index % 3 === 0),
      text: indices.map((index) => `task ${index % 4} é`),
      picture: indices.map((index) => ({ bytes: Uint8Array.of(index % 256, 0, 255), path: index % 2 === 1 ? null : `${index}.png` })),
      nested: indices.map((index) => [[[index]], [[1]], [[2]]]),
    }
    for (const column of file.columns) {
      // An absent list comes as null or undefined, depending on where it lies: both are absent.
      const values = Array.from(await file.readColumn(column, 100, 270), (value) => value ?? null)
      expect(values, column).toEqual(expected[column]!.slice(100, 270))
    }
    const matrix = await file.readMatrix('vector', 3, 120, 260)
    expect(matrix).toEqual(Float32Array.from(expected.vector!.slice(120, 260).flat() as number[]))
    expect(await file.readMatrix('vector', 2)).toBeNull()
    if (variant === 'split') return
    expect(await file.readMatrix('ragged', 1)).toBeNull()
    expect(await file.readMatrix('number', 1)).toBeNull()
    expect(await file.readMatrix('small', 1, 3, 6)).toEqual(Float32Array.of(0, 1, 2))
  })

  it.skipIf(!existsSync(sample))('reads a real LeRobot file (skipped where ../shared/data is absent)', async () => {
    await using file = await ParquetFile.open(sample)
    expect(file.rowCount).toBe(393)
    const action = await file.readColumn('action', 100, 110)
    expect(Array.from(action, (row) => (row as number[]).length)).toEqual(Array<number>(10).fill(26))
    expect(Array.from(await file.readColumn('frame_index', 390, 393))).toEqual([390n, 391n, 392n])
  })

  it('refuses a gzip page that unpacks to far more than it claims, in little memory', async () => {
    const rows = 4096
    const data = Array<number>(rows).fill(0)
    await writeFile(path, Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'value', data, type: 'DOUBLE', encoding: 'PLAIN' }], codec: 'GZIP', compressors: { GZIP: () => gzipSync(Buffer.alloc(2 ** 29), { level: 9 }) } })))
    const before = process.memoryUsage().rss
    await using file = await ParquetFile.open(path)
    await expect(file.readColumn('value')).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining(path) })
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20)
  })

  it('answers 500 damaged files with a message or the right number of values, never with anything else', async () => {
    const whole = encodeParquet(columns, [rowsOf(0, 40), rowsOf(40, 25)])
    let state = 12345
    const random = (bound: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % bound
    let refused = 0
    for (let variant = 0; variant < 500; variant++) {
      const bytes = Uint8Array.from(whole)
      if (variant % 5 === 0) {
        await writeFile(path, bytes.subarray(0, random(bytes.length)))
      } else {
        // The footer, where the counts are, is damaged as often as the pages.
        const start = variant % 2 === 0 ? 0 : bytes.length - 2500
        for (let flips = 1 + random(4); flips > 0; flips--) bytes[start + random(bytes.length - start)]! ^= 1 << random(8)
        await writeFile(path, bytes)
      }
      try {
        await using file = await ParquetFile.open(path)
        for (const name of file.columns) expect((await file.readColumn(name)).length).toBe(file.rowCount)
      } catch (error) {
        expect(error, `variant ${variant}`).toBeInstanceOf(KinoraError)
        expect((error as KinoraError).message).toContain(path)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(150)
  })
})
