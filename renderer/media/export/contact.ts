import { scaleStops } from '../../../electron/base/colour-scale.ts'
import type { FlowPalette } from '../../../electron/base/flow-palette.ts'
import { wheelPicture } from '../flow-wheel.ts'
import type { Arrow } from '../motion-picture.ts'
import { sizeOf, type DecodedPicture } from '../frame-cache.ts'
import type { Picture } from '../../rpc/blob.ts'

/** One captioned cell of an exported picture. */
export interface Cell {
  readonly title: string
  readonly detail: string
  readonly picture: Picture | DecodedPicture | null
  /** Arrows in a picture that is `width` wide. */
  readonly quiver?: { readonly arrows: readonly Arrow[]; readonly cellPx: number; readonly width: number } | null
}

/** What the colours stand for: the wheel with the length of its strongest colour, and the scale of the error. */
export interface SheetLegend {
  readonly palette: FlowPalette
  readonly sign: 1 | -1
  readonly caption: string
  readonly error: string
}

export interface SheetLayout {
  readonly columns: number
  readonly rows: number
  readonly cellWidth: number
  readonly cellHeight: number
  readonly captionPx: number
  /** Between the pictures and the foot. */
  readonly legendPx: number
  readonly width: number
  readonly height: number
}

const gapPx = 8
const footPx = 22
const wheelPx = 36
const errorScalePx = { width: 96, height: 8 }

/** Cells side by side, each picture `scale` times as large; even sides, which video codecs want. */
export function sheetLayout(count: number, columns: number, picture: { readonly width: number; readonly height: number }, scale: number, hasLegend: boolean): SheetLayout {
  const rows = Math.ceil(count / columns)
  const cellWidth = picture.width * scale
  const cellHeight = picture.height * scale
  const captionPx = 36
  const legendPx = hasLegend ? wheelPx + gapPx : 0
  const even = (value: number) => value + (value % 2)
  return { columns, rows, cellWidth, cellHeight, captionPx, legendPx, width: even(columns * (cellWidth + gapPx) + gapPx), height: even(rows * (cellHeight + captionPx + gapPx) + gapPx + legendPx + footPx) }
}

export interface SheetColours {
  readonly ground: string
  readonly text: string
  readonly quiet: string
}

/** Draws captions, pictures without smoothing, arrows, the legend, and one line at the foot. */
export function drawSheet(canvas: OffscreenCanvas, layout: SheetLayout, cells: readonly Cell[], legend: SheetLegend | null, foot: string, colours: SheetColours): void {
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.fillStyle = colours.ground
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingEnabled = false
  context.textBaseline = 'top'
  cells.forEach(({ title, detail, picture, quiver }, index) => {
    const left = gapPx + (index % layout.columns) * (layout.cellWidth + gapPx)
    const top = gapPx + Math.floor(index / layout.columns) * (layout.cellHeight + layout.captionPx + gapPx)
    context.fillStyle = colours.text
    context.font = '600 13px system-ui, sans-serif'
    context.fillText(shortened(context, title, layout.cellWidth), left, top)
    context.fillStyle = colours.quiet
    context.font = '11px system-ui, sans-serif'
    context.fillText(shortened(context, detail, layout.cellWidth), left, top + 18)
    if (picture === null) return
    const { width, height } = sizeOf(picture)
    const times = Math.min(layout.cellWidth / width, layout.cellHeight / height)
    const [x, y] = [left + (layout.cellWidth - width * times) / 2, top + layout.captionPx + (layout.cellHeight - height * times) / 2]
    context.drawImage('data' in picture ? tileOf(picture.data, width, height) : picture, x, y, width * times, height * times)
    if (quiver) drawArrows(context, quiver.arrows, quiver.cellPx, x, y, (width * times) / quiver.width)
  })
  context.fillStyle = colours.quiet
  context.font = '11px system-ui, sans-serif'
  if (legend !== null) drawLegend(context, legend, canvas.height - footPx - layout.legendPx, canvas.width)
  context.fillText(shortened(context, foot, canvas.width - 2 * gapPx), gapPx, canvas.height - footPx + 2)
}

function tileOf(data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): OffscreenCanvas {
  const tile = new OffscreenCanvas(width, height)
  tile.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0)
  return tile
}

/** The wheel on the left; beside it, one under the other, how far its colours reach and the colours of the error. */
function drawLegend(context: OffscreenCanvasRenderingContext2D, { palette, sign, caption, error }: SheetLegend, top: number, width: number): void {
  context.drawImage(tileOf(wheelPicture(wheelPx, sign, palette), wheelPx, wheelPx), gapPx, top)
  const left = 2 * gapPx + wheelPx
  const room = width - left - gapPx
  context.fillText(shortened(context, caption, room), left, top + 3)
  const barLeft = left + context.measureText('0').width + 6
  const under = top + 20
  const gradient = context.createLinearGradient(barLeft, 0, barLeft + errorScalePx.width, 0)
  const stops = scaleStops(5)
  stops.forEach((colour, index) => gradient.addColorStop(index / (stops.length - 1), colour))
  context.fillText('0', left, under)
  context.fillText(shortened(context, error, room - errorScalePx.width - 20), barLeft + errorScalePx.width + 6, under)
  const quiet = context.fillStyle
  context.fillStyle = gradient
  context.fillRect(barLeft, under + 2, errorScalePx.width, errorScalePx.height)
  context.fillStyle = quiet
}

function drawArrows(context: OffscreenCanvasRenderingContext2D, arrows: readonly Arrow[], cellPx: number, left: number, top: number, scale: number): void {
  for (const [width, style] of [[3.5, '#ffffff'], [1.5, '#111111']] as const) {
    context.lineWidth = width
    context.strokeStyle = style
    context.beginPath()
    for (const { x, y, u, v } of arrows) {
      const [fromX, fromY, length] = [left + x * scale, top + y * scale, cellPx * scale * 0.95]
      const [tipX, tipY] = [fromX + u * length, fromY + v * length]
      context.moveTo(fromX, fromY)
      context.lineTo(tipX, tipY)
      for (const side of [1, -1]) {
        context.moveTo(tipX, tipY)
        context.lineTo(tipX - (u * 0.3 + side * v * 0.18) * length, tipY - (v * 0.3 - side * u * 0.18) * length)
      }
    }
    context.stroke()
  }
}

function shortened(context: OffscreenCanvasRenderingContext2D, line: string, width: number): string {
  if (context.measureText(line).width <= width) return line
  let length = line.length
  while (length > 1 && context.measureText(`${line.slice(0, length)}…`).width > width) length--
  return `${line.slice(0, length)}…`
}
