import type { Vec3 } from '../pose.ts'
import type { Body, Geom } from './mjcf.ts'

/** A thing that can be carried. Its origin lies in the middle of its underside, so at rest z is the height of the support. */
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
  readonly support?: {
    readonly heightM: number
    readonly radiusM: number
    /** Things are let go this far above it, where there is no room inside for opening fingers. */
    readonly dropM?: number
  }
}

export const free = (name: string, geoms: readonly Geom[]): Body => ({ name, joint: { name, type: 'free' }, geoms })

/** Round things may be gripped at any yaw. */
export const anyYaw = 1e-3
