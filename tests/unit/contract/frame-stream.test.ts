import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePieces, encodePiece, type FramePiece } from '../../../electron/contract/frame-stream.ts'

const bytes = fc.uint8Array({ maxLength: 40 })
const place = { camera: fc.nat(255), frame: fc.integer({ min: -300, max: 1e6 }) }
const piece: fc.Arbitrary<FramePiece> = fc.oneof(
  fc.record({ ...place, kind: fc.constant('rgba' as const), width: fc.nat(9), height: fc.nat(9), bytes }),
  fc.record({ ...place, kind: fc.constant('picture' as const), bytes }),
  fc.record({ ...place, kind: fc.constant('codec' as const), codec: fc.constant({ codec: 'av01.0.04M.08', codedWidth: 640, codedHeight: 480, colorSpace: { matrix: null, fullRange: false }, description: [1, 2, 255] }) }),
  fc.record({ ...place, kind: fc.constant('packet' as const), isKey: fc.boolean(), isAsked: fc.boolean(), bytes }),
  fc.record({ ...place, kind: fc.constant('failure' as const), message: fc.string() }),
)

function joined(pieces: readonly FramePiece[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map(encodePiece)))
}

async function* cut(body: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < body.length; turn++) yield body.slice(at, (at += lengths[turn % lengths.length]!))
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<FramePiece[]> {
  const found: FramePiece[] = []
  for await (const one of decodePieces(body)) found.push(one)
  return found
}

describe('a stream of frames', () => {
  it('gives back its pieces, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }), async (pieces, lengths) => {
        expect(await collect(cut(joined(pieces), lengths))).toEqual(pieces)
      }),
      { numRuns: 200 },
    )
  })

  it('says that it ends too early instead of giving half a picture', async () => {
    const body = joined([{ kind: 'picture', camera: 0, frame: 3, bytes: new Uint8Array(30) }])
    for (const length of [1, 19, 20, 21, body.length - 1]) await expect(collect(cut(body.subarray(0, length), [7]))).rejects.toThrow(/ends within/)
  })

  it('refuses what is no such stream before it takes memory for it', async () => {
    await expect(collect(cut(new Uint8Array(64).fill(255), [64]))).rejects.toThrow(/not as expected/)
  })
})
