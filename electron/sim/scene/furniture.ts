import type { Body, Geom } from './mjcf.ts'
import { surfaces } from './surface.ts'

/** Things that stay where the seed puts them, with moving parts: cabinet, stove, button, basket. Origins lie on the table. */

/** Furthest a drawer comes out. */
export const drawerTravelM = 0.13
export const cabinetHalfM = { x: 0.085, y: 0.115, height: 0.164 } as const
export const drawerNames = ['bottom', 'top'] as const
export type DrawerName = (typeof drawerNames)[number]
/** Middle of each drawer's handle in the cabinet's frame, closed. Handles lie side by side so that both can be reached from above. */
export const drawerHandle: Record<DrawerName, readonly [number, number, number]> = {
  top: [0.122, -0.05, 0.119],
  bottom: [0.122, 0.05, 0.044],
}
/** Half sizes of a drawer's inside. */
export const drawerInsideM = { x: 0.07, y: 0.097, height: 0.05 } as const
/**
 * Where things are put down in an open drawer, seen from the drawer's middle: before the cabinet's front, in the top one
 * to the left so that the outer finger of a rim grasp has room, in the bottom one away from the top one's handle.
 */
export const drawerSpot: Record<DrawerName, readonly [number, number]> = { top: [0.012, -0.035], bottom: [0.012, 0.035] }
/** Floor of each drawer in the cabinet's frame. */
export const drawerFloorM: Record<DrawerName, number> = { top: 0.092, bottom: 0.017 }

function drawer(cabinet: string, name: DrawerName): Body {
  const floor = drawerFloorM[name]
  const middle = floor + 0.029
  const handle = drawerHandle[name]
  const side = (y: number): Geom => ({ type: 'box', size: [0.076, 0.003, 0.024], pos: [0, y, floor + 0.024], surface: surfaces.drawerInside, mass: 0.05 })
  return {
    name: `${cabinet}_${name}`,
    joint: { name: `${cabinet}_${name}`, type: 'slide', axis: [1, 0, 0], range: [0, drawerTravelM], damping: 4, frictionLoss: 1, armature: 0.05 },
    geoms: [
      { type: 'box', size: [0.005, 0.109, 0.034], pos: [0.085, 0, middle], surface: surfaces.drawer, mass: 0.1 },
      { type: 'box', size: [0.076, 0.103, 0.003], pos: [0, 0, floor - 0.003], surface: surfaces.drawerInside, mass: 0.1 },
      side(-0.1),
      side(0.1),
      { type: 'box', size: [0.003, 0.103, 0.024], pos: [-0.073, 0, floor + 0.024], surface: surfaces.drawerInside, mass: 0.05 },
      { type: 'box', size: [0.01, 0.006, 0.006], pos: [0.098, handle[1], handle[2]], surface: surfaces.darkMetal, mass: 0.01 },
      { type: 'box', size: [0.02, 0.009, 0.019], pos: handle, surface: surfaces.metal, mass: 0.03, friction: [1.6, 0.05, 0.001] },
    ],
  }
}

/** Two drawers that open toward the third-person camera. */
export function cabinet(name: string): Body {
  const { x, y, height } = cabinetHalfM
  return {
    name,
    isMocap: true,
    geoms: [
      // No two panels share a visible plane, or their pixels would flicker.
      { type: 'box', size: [x, y, 0.005], pos: [-0.005, 0, height - 0.005], surface: surfaces.cabinet },
      { type: 'box', size: [x, y, 0.004], pos: [-0.005, 0, 0.004], surface: surfaces.cabinet },
      { type: 'box', size: [x - 0.0005, 0.004, height / 2 - 0.009], pos: [-0.005, y - 0.0045, height / 2 - 0.001], surface: surfaces.cabinet },
      { type: 'box', size: [x - 0.0005, 0.004, height / 2 - 0.009], pos: [-0.005, 0.0045 - y, height / 2 - 0.001], surface: surfaces.cabinet },
      { type: 'box', size: [0.003, y - 0.0085, height / 2 - 0.009], pos: [-x, 0, height / 2 - 0.001], surface: surfaces.cabinet },
      { type: 'box', size: [x - 0.002, y - 0.0085, 0.003], pos: [-0.005, 0, 0.083], surface: surfaces.cabinet },
    ],
    children: drawerNames.map((drawerName) => drawer(name, drawerName)),
  }
}

export const cabinetExclusions = (name: string): [string, string][] => [
  [name, `${name}_top`],
  [name, `${name}_bottom`],
  [`${name}_top`, `${name}_bottom`],
]

/** Angle of the stove's knob from which the burner is on. */
export const stoveOnRad = 0.9
export const knobTravelRad = 1.5
/** Top of the hob. */
export const stoveHeightM = 0.028
export const burnerOffset: readonly [number, number] = [-0.022, 0]
/** Grip point of the knob in the stove's frame. */
export const knobOffset: readonly [number, number, number] = [0.09, 0, 0.044]

export function stove(name: string): Body {
  const lit = { joint: `${name}_knob`, above: stoveOnRad, colour: [1, 0.32, 0.1] } as const
  return {
    name,
    isMocap: true,
    geoms: [
      { type: 'box', size: [0.115, 0.085, 0.014], pos: [0.01, 0, 0.014], surface: surfaces.hob },
      { type: 'cylinder', size: [0.066, 0.0002], pos: [burnerOffset[0], 0, 0.0281], surface: { ...surfaces.darkMetal, lit }, isVisualOnly: true },
      { type: 'cylinder', size: [0.052, 0.0002], pos: [burnerOffset[0], 0, 0.0284], surface: surfaces.hob, isVisualOnly: true },
      { type: 'cylinder', size: [0.038, 0.0002], pos: [burnerOffset[0], 0, 0.0287], surface: { ...surfaces.darkMetal, lit }, isVisualOnly: true },
      { type: 'cylinder', size: [0.024, 0.0002], pos: [burnerOffset[0], 0, 0.029], surface: surfaces.hob, isVisualOnly: true },
    ],
    children: [
      {
        name: `${name}_knob`,
        pos: [knobOffset[0], knobOffset[1], 0.028],
        joint: { name: `${name}_knob`, type: 'hinge', axis: [0, 0, 1], range: [0, knobTravelRad], damping: 0.01, frictionLoss: 0.02, armature: 0.0005 },
        geoms: [
          { type: 'cylinder', size: [0.022, 0.004], pos: [0, 0, 0.004], surface: surfaces.black, mass: 0.02 },
          { type: 'box', size: [0.021, 0.007, 0.013], pos: [0, 0, 0.019], surface: surfaces.white, mass: 0.02, friction: [1.6, 0.05, 0.001] },
          { type: 'box', size: [0.006, 0.0072, 0.0005], pos: [0.013, 0, 0.0322], surface: surfaces.red, isVisualOnly: true },
        ],
      },
    ],
  }
}

export const stoveExclusions = (name: string): [string, string][] => [[name, `${name}_knob`]]

/** Depth from which the button is pressed; it stays down. */
export const buttonPressedM = 0.008
export const buttonTravelM = 0.011
/** Top of the cap when it is up. */
export const buttonHeightM = 0.04

export function button(name: string): Body {
  return {
    name,
    isMocap: true,
    geoms: [
      { type: 'box', size: [0.042, 0.042, 0.011], pos: [0, 0, 0.011], surface: surfaces.buttonBase },
      { type: 'cylinder', size: [0.034, 0.002], pos: [0, 0, 0.0225], surface: surfaces.black, isVisualOnly: true },
    ],
    children: [
      {
        name: `${name}_cap`,
        joint: { name: `${name}_cap`, type: 'slide', axis: [0, 0, -1], range: [0, buttonTravelM], damping: 3, frictionLoss: 1.5, armature: 0.02 },
        isWeightless: true,
        geoms: [
          {
            type: 'cylinder', size: [0.028, 0.01], pos: [0, 0, buttonHeightM - 0.01], mass: 0.02,
            surface: { ...surfaces.green, lit: { joint: `${name}_cap`, above: buttonPressedM, colour: [0.45, 1, 0.45] } },
          },
        ],
      },
    ],
  }
}

export const buttonExclusions = (name: string): [string, string][] => [[name, `${name}_cap`]]

export const basketHalfM = { x: 0.075, y: 0.095, height: 0.065 } as const
export const basketFloorM = 0.006

export function basket(name: string): Body {
  const { x, y, height } = basketHalfM
  const wall = (halfX: number, halfY: number, px: number, py: number): Geom => ({
    type: 'box', size: [halfX, halfY, height / 2], pos: [px, py, height / 2], surface: surfaces.basket,
  })
  return {
    name,
    isMocap: true,
    geoms: [
      { type: 'box', size: [x - 0.0075, y - 0.0075, basketFloorM / 2], pos: [0, 0, basketFloorM / 2], surface: surfaces.basket },
      wall(0.004, y, x - 0.004, 0),
      wall(0.004, y, -(x - 0.004), 0),
      wall(x - 0.008, 0.004, 0, y - 0.0045),
      wall(x - 0.008, 0.004, 0, 0.0045 - y),
    ],
  }
}
