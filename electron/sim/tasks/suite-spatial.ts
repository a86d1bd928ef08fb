import { cabinetHalfM, drawerFloorM, stoveHeightM } from '../scene/furniture.ts'
import type { Thing } from '../scene/scene.ts'
import type { Placement } from './layout.ts'
import { said, type Task } from './task.ts'

/** Two equal bowls; only where one stands tells which of them goes onto the plate. */
const suite = 'tabletop-spatial'

const things: readonly Thing[] = [
  { name: 'cabinet', kind: 'cabinet' },
  { name: 'stove', kind: 'stove' },
  { name: 'plate', kind: 'plate' },
  { name: 'ramekin', kind: 'ramekin' },
  { name: 'cookie_box', kind: 'cookie-box' },
  { name: 'bowl', kind: 'bowl' },
  { name: 'other_bowl', kind: 'bowl' },
]

/** Rooms of the table; every task puts the same things into the same rooms and moves only the bowls. */
const cabinet: Placement = { thing: 'cabinet', x: [-0.255, -0.245], y: [-0.165, -0.155] }
const openCabinet: Placement = { ...cabinet, joints: { cabinet_top: [0.128, 0.13] } }
const stove: Placement = { thing: 'stove', x: [-0.205, -0.195], y: [0.155, 0.165] }
const plate: Placement = { thing: 'plate', x: [0.075, 0.09], y: [0.185, 0.2] }
const ramekin: Placement = { thing: 'ramekin', x: [-0.105, -0.095], y: [0.0, 0.015] }
const cookieBox: Placement = { thing: 'cookie_box', x: [0.095, 0.11], y: [-0.21, -0.195], yaw: [-0.2, 0.2] }
const turned = { yaw: [-0.25, 0.25] } as const
const exactly = (value: number, spread: number): [number, number] => [value - spread, value + spread]

/** Where a bowl may stand. */
const spots: Record<string, Omit<Placement, 'thing'>> = {
  'between-plate-and-cookie-box': { x: [0.08, 0.1], y: [-0.01, 0.01], ...turned },
  'next-to-ramekin': { x: exactly(0.095, 0.004), y: exactly(0.05, 0.004), relativeTo: 'ramekin', ...turned },
  'table-center': { x: [-0.01, 0.01], y: [-0.065, -0.045], ...turned },
  'on-cookie-box': { x: exactly(0, 0.006), y: exactly(0, 0.006), relativeTo: 'cookie_box', z: 0.03, mayOverlap: ['cookie_box'], ...turned },
  'in-top-drawer': { x: exactly(0.137, 0.003), y: exactly(-0.035, 0.005), relativeTo: 'cabinet', z: drawerFloorM.top, mayOverlap: ['cabinet'], ...turned },
  'on-ramekin': { x: exactly(0, 0.004), y: exactly(0, 0.004), relativeTo: 'ramekin', z: 0.036, mayOverlap: ['ramekin'], ...turned },
  'next-to-cookie-box': { x: exactly(-0.02, 0.005), y: exactly(0.138, 0.003), relativeTo: 'cookie_box', ...turned },
  'on-stove': { x: exactly(-0.022, 0.008), y: exactly(0, 0.008), relativeTo: 'stove', z: stoveHeightM + 0.001, mayOverlap: ['stove'], ...turned },
  'next-to-plate': { x: exactly(-0.05, 0.004), y: exactly(-0.138, 0.004), relativeTo: 'plate', ...turned },
  'on-cabinet': { x: exactly(0.01, 0.01), y: exactly(0, 0.02), relativeTo: 'cabinet', z: cabinetHalfM.height, mayOverlap: ['cabinet'], ...turned },
}

function task(spot: string, otherSpot: string, where: string, others: readonly [string, string], heldOut: string): Task {
  const layout: Placement[] = [
    spot === 'in-top-drawer' || otherSpot === 'in-top-drawer' ? openCabinet : cabinet,
    stove, plate, ramekin, cookieBox,
    { thing: 'bowl', ...spots[spot]! },
    { thing: 'other_bowl', ...spots[otherSpot]! },
  ]
  return {
    id: `${suite}/${spot}`,
    suite,
    ...said(
      `put the bowl ${where} on the plate`,
      [`place the bowl ${others[0]} on the plate`, `pick up the bowl ${others[1]} and put it on the plate`],
      [`move the bowl ${heldOut} onto the plate`],
    ),
    maxSteps: 220,
    things,
    layout,
    gapM: 0.003,
    goal: { type: 'on', item: 'bowl', support: 'plate' },
    script: [{ do: 'pick', item: 'bowl' }, { do: 'place-on', item: 'bowl', support: 'plate' }],
  }
}

export const spatialSuite: readonly Task[] = [
  task('between-plate-and-cookie-box', 'on-stove', 'between the plate and the cookie box', ['between the cookie box and the plate', 'between the plate and the cookie box'], 'that is between the plate and the cookie box'),
  task('next-to-ramekin', 'on-cabinet', 'next to the ramekin', ['beside the ramekin', 'next to the ramekin'], 'near the ramekin'),
  task('table-center', 'on-stove', 'in the middle of the table', ['at the center of the table', 'in the middle of the table'], 'from the table center'),
  task('on-cookie-box', 'on-stove', 'on the cookie box', ['on top of the cookie box', 'on the cookie box'], 'that stands on the cookie box'),
  task('in-top-drawer', 'between-plate-and-cookie-box', 'in the top drawer', ['inside the top drawer', 'in the top drawer of the cabinet'], 'from the top drawer'),
  task('on-ramekin', 'on-cookie-box', 'on the ramekin', ['on top of the ramekin', 'on the ramekin'], 'that stands on the ramekin'),
  task('next-to-cookie-box', 'on-cabinet', 'next to the cookie box', ['beside the cookie box', 'next to the cookie box'], 'near the cookie box'),
  task('on-stove', 'on-ramekin', 'on the stove', ['on the burner', 'on the stove'], 'that stands on the stove'),
  task('next-to-plate', 'on-cookie-box', 'next to the plate', ['beside the plate', 'next to the plate'], 'near the plate'),
  task('on-cabinet', 'next-to-cookie-box', 'on top of the cabinet', ['on the cabinet', 'on top of the cabinet'], 'that stands on the cabinet'),
]
