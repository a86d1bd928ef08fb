/** How a geom looks. Colours are display values in [0, 1]; light and texture multiply them. */
export type TextureName = 'wood' | 'tiles' | 'plaster' | 'weave' | 'brushed'

export interface Surface {
  readonly colour: readonly [number, number, number]
  readonly texture?: TextureName
  /** Metres per repeat of the texture. */
  readonly textureScale?: number
  /** Strength of the highlight, 0 (matt) to 1. */
  readonly gloss?: number
  /** Colour while the named joint lies at or beyond `above` (button lit, burner glowing). */
  readonly lit?: { readonly joint: string; readonly above: number; readonly colour: readonly [number, number, number] }
}

const surface = (r: number, g: number, b: number, rest: Omit<Surface, 'colour'> = {}): Surface => ({ colour: [r / 255, g / 255, b / 255], ...rest })

export const surfaces = {
  table: surface(205, 170, 125, { texture: 'wood', textureScale: 0.5 }),
  tableEdge: surface(150, 110, 72, { texture: 'wood', textureScale: 0.5 }),
  floor: surface(140, 146, 155, { texture: 'tiles', textureScale: 0.6 }),
  wall: surface(222, 224, 220, { texture: 'plaster', textureScale: 1.2 }),
  palm: surface(232, 234, 238, { gloss: 0.3 }),
  arm: surface(205, 208, 214, { gloss: 0.3 }),
  flange: surface(240, 130, 20, { gloss: 0.3 }),
  finger: surface(58, 62, 70, { gloss: 0.2 }),
  fingerPad: surface(28, 30, 34),
  red: surface(214, 32, 32, { gloss: 0.15 }),
  blue: surface(36, 84, 214, { gloss: 0.15 }),
  green: surface(30, 150, 62, { gloss: 0.15 }),
  yellow: surface(244, 204, 26, { gloss: 0.15 }),
  purple: surface(140, 60, 190, { gloss: 0.15 }),
  orange: surface(246, 132, 22, { gloss: 0.15 }),
  brown: surface(104, 60, 32, { gloss: 0.1 }),
  white: surface(244, 244, 240, { gloss: 0.3 }),
  black: surface(34, 34, 38, { gloss: 0.3 }),
  porcelain: surface(248, 248, 250, { gloss: 0.4 }),
  porcelainBlue: surface(58, 110, 200, { gloss: 0.4 }),
  bowlOutside: surface(64, 168, 176, { gloss: 0.4 }),
  bowlInside: surface(236, 240, 232, { gloss: 0.2 }),
  cabinet: surface(132, 82, 48, { texture: 'wood', textureScale: 0.25 }),
  drawer: surface(226, 172, 116, { texture: 'wood', textureScale: 0.25 }),
  drawerInside: surface(222, 196, 160),
  metal: surface(196, 200, 206, { gloss: 0.8, texture: 'brushed', textureScale: 0.05 }),
  darkMetal: surface(92, 96, 104, { gloss: 0.6 }),
  basket: surface(188, 136, 76, { texture: 'weave', textureScale: 0.05 }),
  hob: surface(52, 54, 60, { gloss: 0.5 }),
  ramekin: surface(236, 214, 180, { gloss: 0.3 }),
  ramekinInside: surface(250, 244, 228),
  cookieBox: surface(66, 46, 120, { gloss: 0.1 }),
  cookie: surface(214, 156, 86),
  soupLabel: surface(206, 30, 40, { gloss: 0.2 }),
  tomato: surface(226, 44, 26, { gloss: 0.5 }),
  cream: surface(246, 232, 196),
  mug: surface(120, 186, 236, { gloss: 0.4 }),
  coffee: surface(74, 44, 26),
  buttonBase: surface(238, 238, 232, { gloss: 0.2 }),
} as const satisfies Record<string, Surface>
