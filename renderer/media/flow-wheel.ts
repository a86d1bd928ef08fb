/**
 * The Middlebury colour wheel (Baker et al., "A Database and Evaluation Methodology for Optical Flow", ICCV 2007): hue
 * is direction (+u right, +v down), saturation is length, white is still. Drawn as the legend of motion images.
 */
const segments: readonly (readonly [number, readonly [number, number, number], readonly [number, number, number]])[] = [
  [15, [255, 0, 0], [255, 255, 0]],
  [6, [255, 255, 0], [0, 255, 0]],
  [4, [0, 255, 0], [0, 255, 255]],
  [11, [0, 255, 255], [0, 0, 255]],
  [13, [0, 0, 255], [255, 0, 255]],
  [6, [255, 0, 255], [255, 0, 0]],
]

function wheelColours(): [number, number, number][] {
  return segments.flatMap(([count, from, to]) =>
    Array.from({ length: count }, (_, index): [number, number, number] => {
      const channel = (at: 0 | 1 | 2) => {
        const moved = Math.floor((255 * index) / count)
        return from[at] === to[at] ? from[at] : from[at] === 0 ? moved : 255 - moved
      }
      return [channel(0), channel(1), channel(2)]
    }),
  )
}

const wheel = wheelColours()

/** Colour of a normalised flow vector, |(u, v)| <= 1. */
export function flowColour(u: number, v: number): [number, number, number] {
  const radius = Math.hypot(u, v)
  const position = ((Math.atan2(-v, -u) / Math.PI + 1) / 2) * (wheel.length - 1)
  const low = Math.floor(position)
  const high = (low + 1) % wheel.length
  const share = position - low
  const mix = (at: 0 | 1 | 2) => {
    const value = ((1 - share) * wheel[low]![at] + share * wheel[high]![at]) / 255
    return Math.floor(255 * (radius <= 1 ? 1 - radius * (1 - value) : value * 0.75))
  }
  return [mix(0), mix(1), mix(2)]
}

/** RGBA disc of the wheel, transparent outside. `sign` -1 mirrors it for reversed motion images. */
export function wheelPicture(sizePx: number, sign: 1 | -1 = 1): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(sizePx * sizePx * 4)
  const centre = (sizePx - 1) / 2
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const u = (x - centre) / (sizePx / 2)
      const v = (y - centre) / (sizePx / 2)
      const radius = Math.hypot(u, v)
      if (radius > 1) continue
      const [red, green, blue] = flowColour(sign * u, sign * v)
      data.set([red, green, blue, Math.round(255 * Math.min(1, (1 - radius) * (sizePx / 2)))], (y * sizePx + x) * 4)
    }
  }
  return data
}
