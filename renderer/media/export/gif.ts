/**
 * Animated GIF89a (CompuServe 1990) from RGBA pictures: each frame with a palette of its own of up to 256 colours, found
 * by median cut and k-means, without dithering so that flat motion images stay flat.
 */
export interface GifFrame {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray
}

export function encodeGif(frames: Iterable<GifFrame>, { fps }: { readonly fps: number }): Uint8Array<ArrayBuffer> {
  const out = new Bytes()
  // Delays are hundredths of a second; browsers slow down what is shorter than two.
  const delay = Math.max(2, Math.round(100 / fps))
  let isFirst = true
  for (const { width, height, data } of frames) {
    if (isFirst) {
      out.ascii('GIF89a').word(width).word(height).bytes([0x70, 0, 0])
      // Netscape's loop extension: for ever.
      out.bytes([0x21, 0xff, 11]).ascii('NETSCAPE2.0').bytes([3, 1, 0, 0, 0])
      isFirst = false
    }
    const { palette, indices } = quantise(data)
    const bits = Math.max(1, Math.ceil(Math.log2(palette.length / 3)))
    out.bytes([0x21, 0xf9, 4, 0]).word(delay).bytes([0, 0])
    out.bytes([0x2c]).word(0).word(0).word(width).word(height).bytes([0x80 | (bits - 1)])
    out.bytes(palette).bytes(new Uint8Array(3 * 2 ** bits - palette.length))
    lzw(indices, Math.max(2, bits), out)
  }
  return out.bytes([0x3b]).done()
}

class Bytes {
  #data = new Uint8Array(1 << 16)
  #length = 0

  bytes(values: ArrayLike<number>): this {
    while (this.#length + values.length > this.#data.length) {
      const larger = new Uint8Array(this.#data.length * 2)
      larger.set(this.#data)
      this.#data = larger
    }
    this.#data.set(values, this.#length)
    this.#length += values.length
    return this
  }

  ascii(text: string): this {
    return this.bytes(Array.from(text, (character) => character.charCodeAt(0)))
  }

  /** 16 bits, low byte first. */
  word(value: number): this {
    return this.bytes([value & 0xff, value >> 8])
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#data.slice(0, this.#length)
  }
}

/** LZW as GIF has it: codes grow from `minimumBits + 1` to 12 bits, in sub-blocks of at most 255 bytes. */
function lzw(indices: Uint8Array, minimumBits: number, out: Bytes): void {
  const clear = 1 << minimumBits
  const end = clear + 1
  const block = new Uint8Array(255)
  let filled = 0
  let buffer = 0
  let buffered = 0
  let size = minimumBits + 1
  let next = end + 1
  let table = new Map<number, number>()
  const emit = (code: number): void => {
    buffer |= code << buffered
    buffered += size
    while (buffered >= 8) push()
  }
  const push = (): void => {
    block[filled++] = buffer & 0xff
    buffer >>>= 8
    buffered = Math.max(0, buffered - 8)
    if (filled === 255) flush()
  }
  const flush = (): void => {
    if (filled > 0) out.bytes([filled]).bytes(block.subarray(0, filled))
    filled = 0
  }
  out.bytes([minimumBits])
  emit(clear)
  let prefix = indices[0]!
  for (let at = 1; at < indices.length; at++) {
    const value = indices[at]!
    const key = (prefix << 8) | value
    const known = table.get(key)
    if (known !== undefined) {
      prefix = known
      continue
    }
    emit(prefix)
    if (next < 4096) {
      table.set(key, next)
      // The reader is one entry behind: it widens when this entry no longer fits.
      if (next === 1 << size) size++
      next++
    } else {
      emit(clear)
      table = new Map()
      size = minimumBits + 1
      next = end + 1
    }
    prefix = value
  }
  emit(prefix)
  // The reader has caught up with its last entry by now.
  if (next === 1 << size && size < 12) size++
  emit(end)
  if (buffered > 0) push()
  flush()
  out.bytes([0])
}

interface Box {
  /** Colours as 5 bits a channel, with how many pixels each has. */
  readonly colours: readonly number[]
  readonly channel: 0 | 1 | 2
  readonly span: number
}

const channelOf = (colour: number, channel: 0 | 1 | 2): number => (colour >> (10 - 5 * channel)) & 31

/** Rounds in which the cut's colours move to the middle of those that are nearest to them. */
const rounds = 3

/** Up to 256 colours by median cut over 5 bits a channel, then k-means; pictures of few colours keep them exactly. */
export function quantise(data: Uint8ClampedArray): { readonly palette: Uint8Array; readonly indices: Uint8Array } {
  return exactly(data) ?? byNearest(data)
}

function exactly(data: Uint8ClampedArray): { palette: Uint8Array; indices: Uint8Array } | null {
  const places = new Map<number, number>()
  const indices = new Uint8Array(data.length / 4)
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const colour = (data[4 * pixel]! << 16) | (data[4 * pixel + 1]! << 8) | data[4 * pixel + 2]!
    let place = places.get(colour)
    if (place === undefined) {
      if (places.size === 256) return null
      places.set(colour, (place = places.size))
    }
    indices[pixel] = place
  }
  return { palette: Uint8Array.from([...places.keys()].flatMap((colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff])), indices }
}

function byNearest(data: Uint8ClampedArray): { palette: Uint8Array; indices: Uint8Array } {
  const counts = new Uint32Array(1 << 15)
  const sums = new Float64Array(3 << 15)
  const codes = new Uint16Array(data.length / 4)
  for (let pixel = 0; pixel < codes.length; pixel++) {
    const [r, g, b] = [data[4 * pixel]!, data[4 * pixel + 1]!, data[4 * pixel + 2]!]
    const code = ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3)
    codes[pixel] = code
    counts[code]!++
    sums[3 * code]! += r
    sums[3 * code + 1]! += g
    sums[3 * code + 2]! += b
  }
  const present = Array.from(counts.keys()).filter((code) => counts[code]! > 0)
  let boxes = [boxOf(present)]
  while (boxes.length < 256) {
    const widest = boxes.reduce((best, box, index) => (box.span > boxes[best]!.span ? index : best), 0)
    const { colours, channel, span } = boxes[widest]!
    if (span === 0) break
    const sorted = [...colours].sort((a, b) => channelOf(a, channel) - channelOf(b, channel))
    const half = sorted.reduce((sum, code) => sum + counts[code]!, 0) / 2
    let passed = 0
    let cut = sorted.findIndex((code) => (passed += counts[code]!) >= half) + 1
    cut = Math.min(sorted.length - 1, Math.max(1, cut))
    boxes = [...boxes.slice(0, widest), boxOf(sorted.slice(0, cut)), boxOf(sorted.slice(cut)), ...boxes.slice(widest + 1)]
  }
  const meanOf = (code: number): readonly [number, number, number] => [sums[3 * code]! / counts[code]!, sums[3 * code + 1]! / counts[code]!, sums[3 * code + 2]! / counts[code]!]
  const colours = present.map((code) => ({ code, mean: meanOf(code), weight: Math.sqrt(counts[code]!) }))
  const placeOf = new Uint8Array(1 << 15)
  boxes.forEach((box, place) => box.colours.forEach((code) => (placeOf[code] = place)))
  const centres = new Float64Array(3 * boxes.length)
  for (let round = 0; round < rounds; round++) {
    // By the root of its pixels: a large white ground must not take the hues of what moves on it.
    const weights = new Float64Array(boxes.length)
    const moved = new Float64Array(centres.length)
    for (const { code, mean, weight } of colours) {
      const place = placeOf[code]!
      weights[place]! += weight
      for (let channel = 0; channel < 3; channel++) moved[3 * place + channel]! += weight * mean[channel]!
    }
    weights.forEach((weight, place) => weight > 0 && centres.set([0, 1, 2].map((channel) => moved[3 * place + channel]! / weight), 3 * place))
    for (const { code, mean } of colours) placeOf[code] = nearest(centres, mean)
  }
  return { palette: Uint8Array.from(centres, Math.round), indices: Uint8Array.from(codes, (code) => placeOf[code]!) }
}

function nearest(centres: Float64Array, [r, g, b]: readonly [number, number, number]): number {
  let best = 0
  let least = Infinity
  for (let at = 0; at < centres.length; at += 3) {
    const square = (centres[at]! - r) ** 2 + (centres[at + 1]! - g) ** 2 + (centres[at + 2]! - b) ** 2
    if (square < least) {
      least = square
      best = at / 3
    }
  }
  return best
}

function boxOf(colours: readonly number[]): Box {
  let channel: Box['channel'] = 0
  let span = -1
  for (const one of [0, 1, 2] as const) {
    let low = 31
    let high = 0
    for (const code of colours) {
      const value = channelOf(code, one)
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
    if (high - low > span) {
      span = high - low
      channel = one
    }
  }
  return { colours, channel, span: colours.length < 2 ? 0 : span }
}
