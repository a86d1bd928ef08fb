const bits = new Uint32Array(1)
const value = new Float32Array(bits.buffer)

/** IEEE 754 binary16 bits of a number, rounded to nearest even. Values beyond 65504 become infinite. */
export function toFloat16(number: number): number {
  value[0] = number
  const word = bits[0]!
  const sign = (word >>> 16) & 0x8000
  const magnitude = word & 0x7fffffff
  if (magnitude >= 0x7f800000) return sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 : 0)
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 aligns the mantissa so that the hardware rounds to nearest even at bit 2^-24.
    value[0] = Math.abs(number) + 0.5
    return sign | (bits[0]! - 0x3f000000)
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | Math.min((rounded - 0x38000000) >>> 13, 0x7c00)
}

/** The number with these binary16 bits. */
export const fromFloat16 = (half: number): number => numbers[half]!

function numberOf(half: number): number {
  const exponent = (half >>> 10) & 0x1f
  const mantissa = half & 0x3ff
  const sign = half & 0x8000 ? -1 : 1
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN
  return sign * (1024 + mantissa) * 2 ** (exponent - 25)
}

/** Of all bits: a flow field has a hundred thousand to look up. */
const numbers = Float32Array.from({ length: 2 ** 16 }, (_, half) => numberOf(half))

export function decodeFloat16(source: Uint16Array): Float32Array {
  return Float32Array.from(source, fromFloat16)
}

export function encodeFloat16(source: Float32Array): Uint16Array {
  const halves = new Uint16Array(source.length)
  for (let index = 0; index < source.length; index++) halves[index] = toFloat16(source[index]!)
  return halves
}

/** bfloat16 is the upper half of a float32. */
export function decodeBfloat16(source: Uint16Array): Float32Array {
  const words = new Uint32Array(source.length)
  for (let index = 0; index < source.length; index++) words[index] = source[index]! << 16
  return new Float32Array(words.buffer)
}
