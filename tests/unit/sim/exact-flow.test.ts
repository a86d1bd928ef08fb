import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RgbImage } from '../../../electron/base/image.ts'
import { warp } from '../../../electron/flow/metrics.ts'
import { exactFlow } from '../../../electron/sim/exact-flow.ts'
import { createExpert } from '../../../electron/sim/expert.ts'
import { focalPx, type GBuffer, type Poses } from '../../../electron/sim/render/g-buffer.ts'
import { Renderer } from '../../../electron/sim/render/renderer.ts'
import { findTask } from '../../../electron/sim/suites.ts'
import { TabletopWorld } from '../../../electron/sim/world.ts'

const sizePx = 64
const task = 'tabletop-goal/block-on-plate'

const clone = (poses: Poses): Poses => ({
  geomPosition: poses.geomPosition.slice(), geomRotation: poses.geomRotation.slice(),
  cameraPosition: poses.cameraPosition.slice(), cameraRotation: poses.cameraRotation.slice(), isLit: poses.isLit,
})

describe('exact flow', () => {
  let world: TabletopWorld
  const renderer = new Renderer()
  beforeAll(async () => {
    world = await TabletopWorld.create({ cameraSizePx: sizePx })
    world.reset(task, 0)
  })
  afterAll(() => world.dispose())

  const flowBetween = (from: Poses, to: Poses, camera: 'agentview' | 'robot0_eye_in_hand') => {
    const { geoms, cameras } = world.scene
    const view = (poses: Poses): GBuffer => renderer.gBuffer(geoms, poses, cameras[camera], sizePx)
    const [before, after] = [view(from), view(to)]
    return { before, after, flow: exactFlow(geoms, cameras[camera], from, before, to, after) }
  }

  it('is f d / Z to the left when the camera moves d to the right', () => {
    const from = world.poses()
    const to = clone(from)
    const camera = world.scene.cameras.agentview
    const d = 0.013
    // Columns of the camera's rotation are right, up, back.
    for (let k = 0; k < 3; k++) to.cameraPosition[camera.id * 3 + k]! += d * to.cameraRotation[camera.id * 9 + k * 3]!
    const { before, flow } = flowBetween(from, to, 'agentview')
    const f = focalPx(camera, sizePx)
    for (let pixel = 0; pixel < sizePx * sizePx; pixel++) {
      if (before.geom[pixel]! < 0) continue
      expect(flow.uv[pixel * 2]).toBeCloseTo((-f * d) / before.depth[pixel]!, 3)
      expect(flow.uv[pixel * 2 + 1]).toBeCloseTo(0, 3)
    }
  })

  it('turns about the middle of the picture when the camera rolls', () => {
    const from = world.poses()
    const to = clone(from)
    const { id } = world.scene.cameras.agentview
    const roll = 0.1
    const m = from.cameraRotation.subarray(id * 9, id * 9 + 9)
    for (let k = 0; k < 3; k++) {
      const [right, up] = [m[k * 3]!, m[k * 3 + 1]!]
      to.cameraRotation[id * 9 + k * 3] = Math.cos(roll) * right + Math.sin(roll) * up
      to.cameraRotation[id * 9 + k * 3 + 1] = Math.cos(roll) * up - Math.sin(roll) * right
    }
    const { flow } = flowBetween(from, to, 'agentview')
    const middle = (sizePx - 1) / 2
    for (let y = 0; y < sizePx; y += 7) {
      for (let x = 0; x < sizePx; x += 7) {
        const [dx, dy] = [x - middle, y - middle]
        // The camera turns counter-clockwise as it sees, so the picture turns clockwise (y points down).
        expect(flow.uv[(y * sizePx + x) * 2]).toBeCloseTo(Math.cos(roll) * dx - Math.sin(roll) * dy - dx, 3)
        expect(flow.uv[(y * sizePx + x) * 2 + 1]).toBeCloseTo(Math.sin(roll) * dx + Math.cos(roll) * dy - dy, 3)
      }
    }
  })

  it('moves only the pixels of a body that moves, by the projection of its motion', () => {
    const from = world.poses()
    const to = clone(from)
    const { geoms, cameras } = world.scene
    const body = world.thing('red_block').root
    const geom = geoms.body.indexOf(body)
    const shift = [0.01, 0.03, 0.02]
    for (let k = 0; k < 3; k++) to.geomPosition[geom * 3 + k]! += shift[k]!
    const { before, flow } = flowBetween(from, to, 'agentview')
    const f = focalPx(cameras.agentview, sizePx)
    const m = from.cameraRotation
    const at = cameras.agentview.id * 9
    const [right, up, back] = [0, 1, 2].map((column) => shift.reduce((sum, value, k) => sum + value * m[at + k * 3 + column]!, 0)) as [number, number, number]
    let moved = 0
    for (let pixel = 0; pixel < sizePx * sizePx; pixel++) {
      const [u, v] = [flow.uv[pixel * 2]!, flow.uv[pixel * 2 + 1]!]
      if (before.geom[pixel] !== geom) {
        expect([u, v]).toEqual([0, 0])
        continue
      }
      moved++
      const depth = before.depth[pixel]!
      const x = (pixel % sizePx) - (sizePx - 1) / 2
      const y = Math.floor(pixel / sizePx) - (sizePx - 1) / 2
      expect(u).toBeCloseTo((x * depth + f * right) / (depth - back) - x, 3)
      expect(v).toBeCloseTo((y * depth - f * up) / (depth - back) - y, 3)
    }
    expect(moved).toBeGreaterThan(8)
  })

  it('explains the later picture by warping, forward and backward, in both cameras', () => {
    const expert = createExpert(findTask(task), world)
    world.reset(task, 0)
    const images: Record<string, RgbImage>[] = []
    const poses: Poses[] = []
    for (let step = 0; step < 30; step++) {
      const { observation } = world.step(expert.act())
      images.push(observation.images)
      poses.push(world.poses())
    }
    for (const camera of ['agentview', 'robot0_eye_in_hand'] as const) {
      for (const [from, to] of [[20, 25], [25, 20]] as const) {
        const { flow } = flowBetween(poses[from]!, poses[to]!, camera)
        const pulled = warp(images[to]![camera]!, flow)
        let warped = 0
        let unwarped = 0
        for (let pixel = 0; pixel < sizePx * sizePx; pixel++) {
          if (!flow.valid![pixel] || Math.hypot(flow.uv[pixel * 2]!, flow.uv[pixel * 2 + 1]!) < 1) continue
          for (let k = 0; k < 3; k++) {
            warped += Math.abs(pulled.data[pixel * 3 + k]! - images[from]![camera]!.data[pixel * 3 + k]!)
            unwarped += Math.abs(images[to]![camera]!.data[pixel * 3 + k]! - images[from]![camera]!.data[pixel * 3 + k]!)
          }
        }
        expect(unwarped, `${camera}: something moves`).toBeGreaterThan(1000)
        expect(warped, `${camera} ${from}->${to}`).toBeLessThan(0.55 * unwarped)
      }
    }
  })

  it('marks as hidden what a ray-cast picture of eight times the size does not show', () => {
    const expert = createExpert(findTask(task), world)
    world.reset(task, 1)
    for (let step = 0; step < 20; step++) world.step(expert.act())
    const from = world.poses()
    for (let step = 0; step < 6; step++) world.step(expert.act())
    const to = world.poses()
    const scale = 8
    for (const camera of ['agentview', 'robot0_eye_in_hand'] as const) {
      const fine = world.gBuffer(camera, 'rays', sizePx * scale)
      const { before, flow } = flowBetween(from, to, camera)
      const { id } = world.scene.cameras[camera]
      let agree = 0
      let hidden = 0
      for (let pixel = 0; pixel < sizePx * sizePx; pixel++) {
        const geom = before.geom[pixel]!
        const x = Math.round(((pixel % sizePx) + flow.uv[pixel * 2]! + 0.5) * scale - 0.5)
        const y = Math.round((Math.floor(pixel / sizePx) + flow.uv[pixel * 2 + 1]! + 0.5) * scale - 0.5)
        const isInside = x >= 0 && y >= 0 && x < sizePx * scale && y < sizePx * scale
        // Depth of the moved point along the later viewing axis.
        let depth = 0
        for (let axis = 0; axis < 3; axis++) {
          let world = to.geomPosition[geom * 3 + axis]! - to.cameraPosition[id * 3 + axis]!
          for (let k = 0; k < 3; k++) world += to.geomRotation[geom * 9 + axis * 3 + k]! * before.local[pixel * 3 + k]!
          depth -= to.cameraRotation[id * 9 + axis * 3 + 2]! * world
        }
        const isVisible = isInside && depth < fine.depth[y * sizePx * scale + x]! + 0.004 ? 1 : 0
        if (!isVisible) hidden++
        if (isVisible === flow.valid![pixel]) agree++
      }
      expect(hidden, `${camera}: something is hidden`).toBeGreaterThan(20)
      expect(agree / (sizePx * sizePx), camera).toBeGreaterThan(0.985)
    }
  })
})
