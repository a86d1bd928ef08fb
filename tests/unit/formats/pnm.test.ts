import { describe, expect, it } from 'vitest'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { decodeImage } from '../../../electron/formats/image.ts'

const picture = (header: string, ...samples: number[]): Uint8Array => Uint8Array.from([...Buffer.from(header, 'latin1'), ...samples])

describe('PPM and PGM', () => {
  it('reads colours as they are, comments in the header aside', async () => {
    expect(await decodeImage(picture('P6\n# a comment\n2 1\n255\n', 1, 2, 3, 250, 251, 252))).toEqual({ width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 250, 251, 252) })
  })

  it('repeats grey and scales other depths to 8 bits', async () => {
    expect((await decodeImage(picture('P5 2 1 15\n', 0, 15))).data).toEqual(Uint8Array.of(0, 0, 0, 255, 255, 255))
    expect((await decodeImage(picture('P5 2 1 65535\n', 0xff, 0xff, 0x80, 0x00))).data).toEqual(Uint8Array.of(255, 255, 255, 128, 128, 128))
  })

  it('takes a first pixel that looks like white space for what it is', async () => {
    expect((await decodeImage(picture('P5 1 1 255\n', 0x0a))).data).toEqual(Uint8Array.of(10, 10, 10))
  })

  it.each([
    ['cut', picture('P6 2 2 255\n', 1, 2, 3), /cut: 9 bytes of 2 x 2/],
    ['without a size', picture('P6 x 2 255\n', 1, 2, 3), /header/],
    ['of an impossible size', picture('P6 99999999 99999999 255\n', 1), /more than/],
    ['only a header', picture('P6\n'), /header/],
  ])('refuses one that is %s', async (_, bytes, message) => {
    const error: unknown = await decodeImage(bytes, 'one.ppm').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(KinoraError)
    expect((error as KinoraError).message).toMatch(message)
    expect((error as KinoraError).message).toContain('one.ppm')
  })
})
