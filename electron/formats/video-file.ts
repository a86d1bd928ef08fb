import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { EncodedPacketSink, FilePathSource, Input, MATROSKA, MP4, QTFF, WEBM, type EncodedPacket } from 'mediabunny'
import { KinoraError } from '../contract/errors.ts'
import { damaged } from './random-access-file.ts'
import type { ColourSpace } from './yuv.ts'

/** A packet is a few kilobytes: a file that claims more than this many is not a video of a robot. */
const maxPackets = 5_000_000
const maxSidePx = 16384

interface PacketEntry {
  /** In decode order. */
  readonly order: number
  readonly timestamp: number
  readonly isKey: boolean
}

/** A video file's index: when each frame is shown and where its key frame is. Decodes nothing. */
export class VideoFile {
  readonly path: string
  readonly codec: string
  readonly width: number
  readonly height: number
  readonly colourSpace: ColourSpace
  /** What a decoder other than Kinora's must know, as WebCodecs has it. */
  readonly decoderConfig: VideoDecoderConfig
  /** Seconds at which each frame is shown, rising. */
  readonly timestamps: Float64Array
  #input: Input
  #sink: EncodedPacketSink
  /** In decode order. */
  #packets: readonly PacketEntry[]
  /** In the order shown. */
  #shown: readonly PacketEntry[]
  #frameOf: Int32Array
  #hash: Promise<string> | undefined
  #isHashed = false

  private constructor(path: string, input: Input, sink: EncodedPacketSink, track: Pick<VideoFile, 'codec' | 'width' | 'height' | 'colourSpace' | 'decoderConfig'>, packets: PacketEntry[]) {
    this.path = path
    this.codec = track.codec
    this.width = track.width
    this.height = track.height
    this.colourSpace = track.colourSpace
    this.decoderConfig = track.decoderConfig
    this.#input = input
    this.#sink = sink
    this.#packets = packets
    this.#shown = packets.toSorted((a, b) => a.timestamp - b.timestamp)
    this.#frameOf = new Int32Array(packets.length)
    for (const [frame, { order }] of this.#shown.entries()) this.#frameOf[order] = frame
    this.timestamps = Float64Array.from(this.#shown, ({ timestamp }) => timestamp)
  }

  /** @throws KinoraError `dataset-invalid` for what is no readable video, with its codec where that is the reason. */
  static async open(path: string): Promise<VideoFile> {
    // Only containers that hold their own data: a playlist could name files elsewhere.
    const input = new Input({ source: new FilePathSource(path), formats: [MP4, QTFF, MATROSKA, WEBM] })
    try {
      const track = await input.getPrimaryVideoTrack()
      if (track === null) throw damaged(path, 'it has no video track', 'Copy the file again from its source.')
      if (track.codec === null) throw damaged(path, `its codec ${String(track.internalCodecId)} is not known`, 'Encode it as AV1, H.264 or HEVC.')
      const config = await track.getDecoderConfig()
      const { codedWidth: width, codedHeight: height } = track
      if (!(width > 0 && height > 0 && width <= maxSidePx && height <= maxSidePx)) throw damaged(path, `its size of ${width} x ${height} is not possible`, 'Copy the file again from its source.')
      const sink = new EncodedPacketSink(track)
      const packets: PacketEntry[] = []
      for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
        packets.push({ order: packets.length, timestamp: packet.timestamp, isKey: packet.type === 'key' })
        if (packets.length > maxPackets) throw damaged(path, `it claims more than ${maxPackets} frames`, 'Copy the file again from its source.')
      }
      if (packets.length === 0) throw damaged(path, 'it has no frames', 'It was cut while it was written: copy it again from its source.')
      const colourSpace: ColourSpace = { matrix: config?.colorSpace?.matrix === 'bt709' ? 'bt709' : 'bt601', isFullRange: config?.colorSpace?.fullRange === true }
      return new VideoFile(path, input, sink, { codec: track.codec, width, height, colourSpace, decoderConfig: config ?? { codec: track.codec, codedWidth: width, codedHeight: height } }, packets)
    } catch (error) {
      input.dispose()
      if (error instanceof KinoraError) throw error
      throw damaged(path, `not readable as a video (${error instanceof Error ? error.message : String(error)})`, 'The file is cut or was changed: copy it again from its source.', error)
    }
  }

  get frameCount(): number {
    return this.timestamps.length
  }

  /** The frame shown at a time: the one whose timestamp is nearest. Null if that is more than `toleranceSeconds` off. */
  frameAt(seconds: number, toleranceSeconds: number): number | null {
    let low = 0
    let high = this.frameCount - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.timestamps[middle]! < seconds) low = middle + 1
      else high = middle
    }
    const nearest = low > 0 && seconds - this.timestamps[low - 1]! <= this.timestamps[low]! - seconds ? low - 1 : low
    return Math.abs(this.timestamps[nearest]! - seconds) <= toleranceSeconds ? nearest : null
  }

  /**
   * Packets in decode order from the key frame that frame `first` needs to frame `last`, with the frame each shows.
   * @param after the `order` of the last packet that the decoder has had: what it has seen is left out.
   */
  async *packets(first: number, last: number, after = -1): AsyncGenerator<{ frame: number; order: number; isKey: boolean; data: Uint8Array }, void, undefined> {
    let firstOrder = Infinity
    let lastOrder = -1
    for (const { order } of this.#shown.slice(first, last + 1)) {
      firstOrder = Math.min(firstOrder, order)
      lastOrder = Math.max(lastOrder, order)
    }
    let key = firstOrder
    while (key >= 0 && !this.#packets[key]!.isKey) key--
    if (key < 0) throw damaged(this.path, `no key frame comes before frame ${first}`, 'The file is cut: copy it again from its source.')
    const start = after >= key && after < firstOrder ? after + 1 : key
    const { timestamp } = this.#packets[start]!
    try {
      let packet: EncodedPacket | null = start === key ? await this.#sink.getKeyPacket(timestamp) : await this.#sink.getPacket(timestamp)
      for (let order = start; packet !== null && order <= lastOrder; order++) {
        yield { frame: this.#frameOf[order]!, order, isKey: this.#packets[order]!.isKey, data: packet.data }
        packet = order < lastOrder ? await this.#sink.getNextPacket(packet) : null
      }
    } catch (error) {
      if (error instanceof KinoraError) throw error
      throw damaged(this.path, `frames ${first} to ${last} cannot be read (${error instanceof Error ? error.message : String(error)})`, 'The file is cut or was changed: copy it again from its source.', error)
    }
  }

  /** SHA-256 of the file: it is read through once. */
  hash(): Promise<string> {
    this.#hash ??= hashFile(this.path).then((hash) => {
      this.#isHashed = true
      return hash
    })
    return this.#hash
  }

  /** Whether the hash is known, so that asking for it takes no time. */
  get isHashed(): boolean {
    return this.#isHashed
  }

  close(): void {
    this.#input.dispose()
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash)
  return hash.digest('hex')
}
