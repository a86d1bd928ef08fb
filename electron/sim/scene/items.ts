import { multiplyQuat, quatFromRotationVector, quatFromYaw, type Vec3 } from '../pose.ts'
import type { Body, Geom } from './mjcf.ts'
import { surfaces, type Surface } from './surface.ts'

/** Things that can be carried. Origins lie in the middle of the underside, so at rest z is the height of the support. */
export interface Item {
  readonly build: (name: string) => Body
  /** Where to grip, in the item's frame; the fingers close along y. */
  readonly grasp: Vec3
  /** Symmetry of the grasp about z: a yaw of this many radians changes nothing. */
  readonly graspPeriodRad: number
  readonly heightM: number
  /** Radius of the footprint, for keeping things apart. */
  readonly radiusM: number
  /** What stands on it: height of the surface and how far from the middle something may be. */
  readonly support?: { readonly heightM: number; readonly radiusM: number }
}

const free = (name: string, geoms: readonly Geom[]): Body => ({ name, joint: { name, type: 'free' }, geoms })

const anyYaw = 1e-3
const rolling: Vec3 = [1, 0.02, 0.002]

function block(surface: Surface, half = 0.023): Item {
  return {
    build: (name) => free(name, [{ type: 'box', size: [half, half, half], pos: [0, 0, half], surface, mass: 0.1 }]),
    grasp: [0, 0, half],
    graspPeriodRad: Math.PI / 2,
    heightM: 2 * half,
    radiusM: half * 1.42,
    support: { heightM: 2 * half, radiusM: half * 0.9 },
  }
}

/** A ring of boxes that lean outward, closed by a disc. */
function ringWall(count: number, bottomRadius: number, topRadius: number, height: number, thickness: number, surface: Surface, mass: number): Geom[] {
  const lean = Math.atan2(topRadius - bottomRadius, height)
  const middle = (bottomRadius + topRadius) / 2
  const halfWidth = (Math.max(topRadius, bottomRadius) + thickness) * Math.tan(Math.PI / count)
  return Array.from({ length: count }, (_, index) => {
    const angle = (2 * Math.PI * index) / count
    return {
      type: 'box' as const,
      size: [thickness, halfWidth, height / (2 * Math.cos(lean))],
      pos: [middle * Math.cos(angle), middle * Math.sin(angle), height / 2],
      quat: multiplyQuat(quatFromYaw(angle), quatFromRotationVector([0, lean, 0])),
      surface,
      mass: mass / count,
    }
  })
}

export const bowlRimRadiusM = 0.054

const bowl: Item = {
  build: (name) =>
    free(name, [
      { type: 'cylinder', size: [0.038, 0.003], pos: [0, 0, 0.003], surface: surfaces.bowlOutside, mass: 0.05 },
      { type: 'cylinder', size: [0.034, 0.0005], pos: [0, 0, 0.0062], surface: surfaces.bowlInside, isVisualOnly: true },
      ...ringWall(12, 0.04, bowlRimRadiusM, 0.044, 0.003, surfaces.bowlOutside, 0.06),
    ]),
  grasp: [0, bowlRimRadiusM - 0.003, 0.031],
  graspPeriodRad: Math.PI / 6,
  heightM: 0.044,
  radiusM: 0.06,
  support: { heightM: 0.0065, radiusM: 0.032 },
}

const plate: Item = {
  build: (name) =>
    free(name, [
      { type: 'cylinder', size: [0.076, 0.005], pos: [0, 0, 0.005], surface: surfaces.porcelain, mass: 0.25 },
      { type: 'cylinder', size: [0.068, 0.0005], pos: [0, 0, 0.0102], surface: surfaces.porcelainBlue, isVisualOnly: true },
      { type: 'cylinder', size: [0.056, 0.0005], pos: [0, 0, 0.0106], surface: surfaces.porcelain, isVisualOnly: true },
    ]),
  grasp: [0, 0, 0.005],
  graspPeriodRad: anyYaw,
  heightM: 0.011,
  radiusM: 0.076,
  support: { heightM: 0.01, radiusM: 0.052 },
}

function cylinder(radius: number, height: number, surface: Surface, lid: Surface | null, extra: readonly Geom[] = []): Item {
  return {
    build: (name) =>
      free(name, [
        { type: 'cylinder', size: [radius, height / 2], pos: [0, 0, height / 2], surface, mass: 0.15, friction: rolling, condim: 6 },
        ...(lid
          ? [
              { type: 'cylinder' as const, size: [radius * 0.92, 0.0006], pos: [0, 0, height + 0.0004] as Vec3, surface: lid, isVisualOnly: true },
              { type: 'cylinder' as const, size: [radius * 1.03, 0.003], pos: [0, 0, height - 0.004] as Vec3, surface: lid, isVisualOnly: true },
              { type: 'cylinder' as const, size: [radius * 1.03, 0.003], pos: [0, 0, 0.004] as Vec3, surface: lid, isVisualOnly: true },
            ]
          : []),
        ...extra,
      ]),
    grasp: [0, 0, Math.min(height / 2, 0.04)],
    graspPeriodRad: anyYaw,
    heightM: height,
    radiusM: radius,
  }
}

export const items = {
  'red-block': block(surfaces.red),
  'blue-block': block(surfaces.blue),
  'green-block': block(surfaces.green),
  'yellow-block': block(surfaces.yellow),
  bowl,
  plate,
  can: cylinder(0.026, 0.066, surfaces.blue, surfaces.metal),
} as const satisfies Record<string, Item>

export type ItemKind = keyof typeof items
export const itemOf = (kind: ItemKind): Item => items[kind]
