import type { Rng } from '../../base/rng.ts'
import { KinoraError } from '../../contract/errors.ts'
import { itemOf } from '../scene/items.ts'
import { isItem, type Thing } from '../scene/scene.ts'

/**
 * Where a thing may stand at the start: a rectangle of the table (world x and y in metres) and a range of yaw. With `on`,
 * `in` or `around` the rectangle is relative to another thing, placed before.
 */
export interface Placement {
  readonly thing: string
  readonly x: readonly [number, number]
  readonly y: readonly [number, number]
  readonly yaw?: readonly [number, number]
  readonly relativeTo?: string
  /** Height of the surface it stands on; the table by default. */
  readonly z?: number
  /** Start of a moving part of it: drawer or knob joint by name. */
  readonly joints?: Readonly<Record<string, readonly [number, number]>>
  /** Things it may overlap when seen from above (what it stands on or lies in). */
  readonly mayOverlap?: readonly string[]
}

export interface StartPose {
  readonly thing: string
  readonly x: number
  readonly y: number
  readonly z: number
  readonly yaw: number
  readonly joints: Readonly<Record<string, number>>
}

const furnitureRadiusM: Record<string, number> = { cabinet: 0, stove: 0, button: 0.045, basket: 0.1 }
const defaultGapM = 0.012
/** Draws for one thing before everything is begun again, and how often that may happen. */
const drawsPerThing = 40
const restarts = 60

const radiusOf = (thing: Thing): number => (isItem(thing.kind) ? itemOf(thing.kind).radiusM : furnitureRadiusM[thing.kind]!)

const between = (rng: Rng, [low, high]: readonly [number, number]): number => low + (high - low) * rng.uniform()

interface Placed extends StartPose {
  readonly radius: number
  readonly mayOverlap: readonly string[]
}

/** Draws a start in which nothing overlaps. The same generator state gives the same layout. */
export function sampleLayout(things: readonly Thing[], placements: readonly Placement[], rng: Rng, gapM = defaultGapM): StartPose[] {
  let stuck = ''
  for (let restart = 0; restart < restarts; restart++) {
    const placed: Placed[] = []
    const isComplete = placements.every((placement) => {
      stuck = placement.thing
      for (let draw = 0; draw < drawsPerThing; draw++) {
        const pose = drawPose(things, placement, placed, rng)
        if (!placed.every((other) => isApart(pose, other, gapM))) continue
        placed.push(pose)
        return true
      }
      return false
    })
    if (isComplete) return placed
  }
  throw new KinoraError('simulation', `No free place was found for ${stuck} in ${restarts} layouts.`, 'Give the task wider regions or fewer things.')
}

function drawPose(things: readonly Thing[], placement: Placement, placed: readonly Placed[], rng: Rng): Placed {
  const thing = things.find(({ name }) => name === placement.thing)!
  const reference = placement.relativeTo === undefined ? undefined : placed.find((pose) => pose.thing === placement.relativeTo)
  return {
    thing: thing.name,
    x: between(rng, placement.x) + (reference?.x ?? 0),
    y: between(rng, placement.y) + (reference?.y ?? 0),
    z: placement.z ?? 0,
    yaw: between(rng, placement.yaw ?? [0, 0]),
    joints: Object.fromEntries(Object.entries(placement.joints ?? {}).map(([name, range]) => [name, between(rng, range)])),
    radius: radiusOf(thing),
    mayOverlap: placement.mayOverlap ?? [],
  }
}

function isApart(a: Placed, b: Placed, gapM: number): boolean {
  return a.mayOverlap.includes(b.thing) || b.mayOverlap.includes(a.thing) || Math.hypot(a.x - b.x, a.y - b.y) >= a.radius + b.radius + gapM
}
