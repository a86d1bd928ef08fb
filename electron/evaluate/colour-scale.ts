/**
 * A sequential scale for error pictures: dark blue over grey to yellow along a straight line of OKLab (Ottosson 2020),
 * so that equal steps of the value look like equal steps, in grey print and to colour-blind readers too.
 */
type Lab = readonly [lightness: number, a: number, b: number]

const dark: Lab = [0.26, -0.01, -0.09]
const light: Lab = [0.92, -0.03, 0.16]

/** OKLab to 8-bit sRGB, clipped to the gamut. */
function toRgb([lightness, a, b]: Lab): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

function gamma(linear: number): number {
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055
  return Math.round(255 * Math.min(1, Math.max(0, encoded)))
}

const table = Uint8Array.from(
  Array.from({ length: 256 }, (_, index) => {
    const share = index / 255
    return toRgb([0, 1, 2].map((axis) => dark[axis]! + share * (light[axis]! - dark[axis]!)) as unknown as Lab)
  }).flat(),
)

/** Colour of `share` in [0, 1]; outside it is clipped, NaN is the low end. */
export function scaleColour(share: number): [number, number, number] {
  const index = 3 * Math.round(255 * Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share)))
  return [table[index]!, table[index + 1]!, table[index + 2]!]
}

/** `count` evenly spaced colours as CSS, low end first, for a legend. */
export function scaleStops(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `rgb(${scaleColour(index / (count - 1)).join(' ')})`)
}
