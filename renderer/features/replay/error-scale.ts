/** The engine's colours of error pictures, low end first, evenly spaced: `scaleStops(5)` of evaluate/colour-scale.ts. */
export const errorScaleStops = ['rgb(12 32 79)', 'rgb(64 81 94)', 'rgb(122 129 102)', 'rgb(185 179 101)', 'rgb(253 231 84)'] as const
