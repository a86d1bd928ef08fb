import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cameraNames } from '../../../electron/sim/scene/arena.ts'
import { listSuites, listTasks } from '../../../electron/sim/suites.ts'
import { TabletopWorld } from '../../../electron/sim/world.ts'

/** Both ways to fill a G-buffer must see the same scene: our rasteriser, and MuJoCo's ray casting, which shares no code. */
describe('the rasteriser against ray casting', () => {
  let world: TabletopWorld
  beforeAll(async () => {
    world = await TabletopWorld.create({ cameraSizePx: 64 })
    world.isRenderingEnabled = false
  })
  afterAll(() => world.dispose())

  // Two scenes of each suite: together they show every kind of thing.
  const tasks = listSuites().flatMap((suite) => listTasks(suite).filter((_, index) => index % 5 === 0))

  it.each(tasks.map(({ id }) => id))('%s', (task) => {
    world.reset(task, 3)
    for (let step = 0; step < 3; step++) world.step(Float32Array.of(0.7, -0.4, -0.8, 0.3, -0.2, 0.5, 1))
    for (const camera of cameraNames) {
      const drawn = world.gBuffer(camera)
      const cast = world.gBuffer(camera, 'rays')
      let different = 0
      let worst = 0
      for (let pixel = 0; pixel < drawn.geom.length; pixel++) {
        // Where surfaces touch, rounding decides which of them a ray meets first.
        if (drawn.geom[pixel] !== cast.geom[pixel]) {
          different++
          continue
        }
        if (drawn.geom[pixel]! < 0) continue
        worst = Math.max(worst, Math.abs(drawn.depth[pixel]! - cast.depth[pixel]!))
        for (let k = 0; k < 3; k++) worst = Math.max(worst, Math.abs(drawn.local[pixel * 3 + k]! - cast.local[pixel * 3 + k]!))
      }
      expect(different, `${camera}: pixels that show another geom`).toBeLessThan(0.003 * drawn.geom.length)
      expect(worst, `${camera}: metres`).toBeLessThan(2e-6)
    }
  })
})
