import type { TrainConfig } from '../contract/config.ts'
import { tokenGrid } from '../contract/config.ts'

/**
 * How a picture's numbers lie in the `images` input. Stem `conv`: planes [3, S, S]. Stems `patch` and `merge`: a list of
 * patches [patches, 3 * p * p], each (colour, row, column); `merge` lists the patches of one token together, its 2x2
 * quarters one behind another and so on inwards (Z order), so that the model joins neighbours without moving data.
 */
export interface PictureLayout {
  readonly sizePx: number
  /** Shape of one picture. */
  readonly shape: readonly number[]
  /** Index of each of the layout's numbers among the picture's bytes [S, S, 3]. */
  readonly places: Int32Array
}

/** Cells of a square of `2^levels` cells a side in Z order, (row, column). */
function zOrder(levels: number): [number, number][] {
  if (levels === 0) return [[0, 0]]
  const half = 2 ** (levels - 1)
  const inner = zOrder(levels - 1)
  return [0, 1, 2, 3].flatMap((quarter) => inner.map(([row, column]): [number, number] => [row + half * (quarter >> 1), column + half * (quarter & 1)]))
}

export function pictureLayout(config: Pick<TrainConfig, 'backbone' | 'data'>): PictureLayout {
  const { stem, patchSizePx, stemChannels } = config.backbone
  const sizePx = config.data.imageSizePx
  if (stem === 'conv') return planesLayout(sizePx)
  const levels = stem === 'merge' ? stemChannels.length - 1 : 0
  const grid = tokenGrid(config)
  const patches = (grid * 2 ** levels) ** 2
  return { sizePx, shape: [patches, 3 * patchSizePx * patchSizePx], places: order(grid, levels, patchSizePx) }
}

/** Planes [3, S, S] of a square picture: for convolutions, and what the VAE reads. */
export function planesLayout(sizePx: number): PictureLayout {
  return { sizePx, shape: [3, sizePx, sizePx], places: order(1, 0, sizePx) }
}

/** Patches of `side` pixels: `grid` x `grid` tokens row by row, 2^levels x 2^levels patches of each in Z order. */
function order(grid: number, levels: number, side: number): Int32Array {
  const sizePx = grid * 2 ** levels * side
  const places = new Int32Array(sizePx * sizePx * 3)
  let index = 0
  for (let cell = 0; cell < grid * grid; cell++) {
    for (const [row, column] of zOrder(levels)) {
      const top = (Math.floor(cell / grid) * 2 ** levels + row) * side
      const left = ((cell % grid) * 2 ** levels + column) * side
      for (let colour = 0; colour < 3; colour++) {
        for (let y = 0; y < side; y++) {
          for (let x = 0; x < side; x++) places[index++] = ((top + y) * sizePx + left + x) * 3 + colour
        }
      }
    }
  }
  return places
}

/** Bytes to [-1, 1], as openpi: x / 127.5 - 1. */
const unit = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1)

/**
 * Writes a picture [S, S, 3] of bytes in the layout's order, moved by whole pixels right and down (after it was mirrored
 * left-right, where asked); the border is repeated where the move leaves a gap.
 */
export function writePicture({ sizePx, places }: PictureLayout, source: Uint8Array, sourceOffset: number, shiftX: number, shiftY: number, target: Float32Array, targetOffset: number, isMirrored = false): void {
  const isPlain = shiftX === 0 && shiftY === 0 && !isMirrored
  const bytes = isPlain ? source : moved(source, sourceOffset, sizePx, shiftX, shiftY, isMirrored)
  const offset = isPlain ? sourceOffset : 0
  for (let index = 0; index < places.length; index++) target[targetOffset + index] = unit[bytes[offset + places[index]!]!]!
}

/** Filled anew for each picture of a batch. */
let scratch = new Uint8Array(0)

function moved(source: Uint8Array, offset: number, sizePx: number, shiftX: number, shiftY: number, isMirrored: boolean): Uint8Array {
  if (scratch.length !== sizePx * sizePx * 3) scratch = new Uint8Array(sizePx * sizePx * 3)
  const last = sizePx - 1
  const columns = Int32Array.from({ length: sizePx }, (_, x) => {
    const column = Math.min(last, Math.max(0, x - shiftX))
    return (isMirrored ? last - column : column) * 3
  })
  let at = 0
  for (let y = 0; y < sizePx; y++) {
    const row = offset + Math.min(last, Math.max(0, y - shiftY)) * sizePx * 3
    for (let x = 0; x < sizePx; x++) {
      const from = row + columns[x]!
      scratch[at++] = source[from]!
      scratch[at++] = source[from + 1]!
      scratch[at++] = source[from + 2]!
    }
  }
  return scratch
}
