/**
 * Body of `blobUrl.frames`: the pictures of several cameras, frame after frame in the order asked for, each as it lies in
 * the dataset where a browser can decode that. Piece after piece, little-endian: a header of 20 bytes (length of the
 * content u32, kind u8, flags u8, camera u16, frame i32, width u32, height u32), then the content.
 */

/** What a WebCodecs decoder must know; `description` is the codec's own, such as H.264's avcC. */
export interface StreamCodec {
  readonly codec: string
  readonly codedWidth: number
  readonly codedHeight: number
  readonly colorSpace?: { readonly primaries?: string | null; readonly transfer?: string | null; readonly matrix?: string | null; readonly fullRange?: boolean | null }
  readonly description?: readonly number[]
}

/** `camera` counts the cameras of the query. */
export type FramePiece = { readonly camera: number; readonly frame: number } & (
  | { readonly kind: 'rgba'; readonly width: number; readonly height: number; readonly bytes: Uint8Array }
  /** A whole PNG, JPEG, WebP ... */
  | { readonly kind: 'picture'; readonly bytes: Uint8Array }
  /** Comes before the first packet of a camera. */
  | { readonly kind: 'codec'; readonly codec: StreamCodec }
  /** In decode order. One that is not asked for is only needed to decode another; its frame may lie before the episode. */
  | { readonly kind: 'packet'; readonly isKey: boolean; readonly isAsked: boolean; readonly bytes: Uint8Array }
  | { readonly kind: 'failure'; readonly message: string }
)

const kinds = ['rgba', 'picture', 'codec', 'packet', 'failure'] as const
const headerBytes = 20
/** A header that claims more is no header. */
const maxPieceBytes = 2 ** 29

export function encodePiece(piece: FramePiece): Uint8Array {
  const content = 'bytes' in piece ? piece.bytes : new TextEncoder().encode(piece.kind === 'codec' ? JSON.stringify(piece.codec) : piece.message)
  const bytes = new Uint8Array(headerBytes + content.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, content.length, true)
  view.setUint8(4, kinds.indexOf(piece.kind))
  if (piece.kind === 'packet') view.setUint8(5, Number(piece.isKey) + 2 * Number(piece.isAsked))
  view.setUint16(6, piece.camera, true)
  view.setInt32(8, piece.frame, true)
  if (piece.kind === 'rgba') {
    view.setUint32(12, piece.width, true)
    view.setUint32(16, piece.height, true)
  }
  bytes.set(content, headerBytes)
  return bytes
}

/** Takes a body apart as it comes, however it is cut. @throws Error for what is no such body, or ends within a piece. */
export async function* decodePieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<FramePiece, void, undefined> {
  const parts: Uint8Array[] = []
  let have = 0
  let wanted = headerBytes
  let header: DataView | null = null
  for await (const part of body) {
    parts.push(part)
    have += part.length
    while (have >= wanted) {
      const taken = take(parts, wanted)
      have -= wanted
      if (header === null) {
        header = new DataView(taken.buffer)
        wanted = header.getUint32(0, true)
        if (wanted > maxPieceBytes || kinds[header.getUint8(4)] === undefined) throw new Error('a stream of frames is not as expected')
      }
      else {
        yield pieceOf(header, taken)
        header = null
        wanted = headerBytes
      }
    }
  }
  if (have > 0 || header !== null) throw new Error('a stream of frames ends within a picture')
}

/** The first `length` bytes in memory of their own; what is left stays in `parts`. */
function take(parts: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const taken = new Uint8Array(length)
  for (let filled = 0; filled < length;) {
    const part = parts[0]!
    const share = Math.min(part.length, length - filled)
    taken.set(part.subarray(0, share), filled)
    filled += share
    if (share === part.length) parts.shift()
    else parts[0] = part.subarray(share)
  }
  return taken
}

function pieceOf(header: DataView, bytes: Uint8Array<ArrayBuffer>): FramePiece {
  const kind = kinds[header.getUint8(4)]!
  const flags = header.getUint8(5)
  const place = { camera: header.getUint16(6, true), frame: header.getInt32(8, true) }
  switch (kind) {
    case 'rgba': return { ...place, kind, width: header.getUint32(12, true), height: header.getUint32(16, true), bytes }
    case 'picture': return { ...place, kind, bytes }
    case 'codec': return { ...place, kind, codec: JSON.parse(new TextDecoder().decode(bytes)) as StreamCodec }
    case 'packet': return { ...place, kind, isKey: (flags & 1) !== 0, isAsked: (flags & 2) !== 0, bytes }
    case 'failure': return { ...place, kind, message: new TextDecoder().decode(bytes) }
  }
}
