import type { BenchRow } from '../../electron/commands/bench.ts'
import { evaluateBaseline } from '../../electron/evaluate/closed-loop.ts'
import { createExpert } from '../../electron/sim/expert.ts'
import { recordEpisodes } from '../../electron/sim/record.ts'
import { cameraNames } from '../../electron/sim/scene/arena.ts'
import { evaluationSeeds, findTask, listTasks } from '../../electron/sim/suites.ts'
import { TabletopWorld } from '../../electron/sim/world.ts'
import { rowOf } from '../support/bench-row.ts'
import { pythonRates } from './sim/python-mujoco.ts'

const sceneTask = 'tabletop-goal/block-on-plate'
const stepsPerRound = 60
const rounds = 8
const demonstrations = 100
/** A fifth of the fixed list of 50, so the target is a fifth of the ten minutes that the whole table may take. */
const seedsPerTask = 10
const suitesTargetS = 120

/** Parts to choose from: `npm run bench -- sim steps`. */
export const parts = ['steps', 'parts', 'demos', 'suites'] as const

/** Runs the expert once through the scene and returns the wall seconds that `stepsPerRound` control steps took. */
function playRound(world: TabletopWorld, seed: number): number {
  world.reset(sceneTask, seed)
  const expert = createExpert(findTask(sceneTask), world)
  const startedAt = performance.now()
  for (let step = 0; step < stepsPerRound; step++) world.step(expert.act())
  return (performance.now() - startedAt) / 1000
}

async function stepsPerSecond(sizePx: number, isRenderingEnabled: boolean): Promise<number[]> {
  const world = await TabletopWorld.create({ cameraSizePx: sizePx })
  world.isRenderingEnabled = isRenderingEnabled
  playRound(world, 1000)
  const rates = Array.from({ length: rounds }, (_, round) => stepsPerRound / playRound(world, round))
  world.dispose()
  return rates
}

/** Milliseconds of one G-buffer pair by either source. */
async function gBufferMs(by: 'rasteriser' | 'rays', sizePx: number): Promise<number[]> {
  const world = await TabletopWorld.create({ cameraSizePx: sizePx })
  world.isRenderingEnabled = false
  world.reset(sceneTask, 0)
  const once = (): number => {
    const startedAt = performance.now()
    for (const camera of cameraNames) world.gBuffer(camera, by)
    return performance.now() - startedAt
  }
  for (let warmUp = 0; warmUp < 5; warmUp++) once()
  const times = Array.from({ length: 12 }, once)
  world.dispose()
  return times
}

async function stepRows(note: (text: string) => void): Promise<BenchRow[]> {
  note('control steps with two 128 px cameras')
  const rows = [rowOf('control_steps_per_s', 'steps/s', 'higher', await stepsPerSecond(128, true), { target: 150, note: 'two cameras, 128 px, 25 substeps, one core' })]
  const python = await pythonRates(sceneTask, 128, stepsPerRound, 5)
  if (typeof python === 'string') note(`Beside Python MuJoCo: skipped, ${python}.`)
  else rows.push(rowOf('mujoco_python_steps_per_s', 'steps/s', 'higher', python.rates, { note: `mujoco ${python.version}, ${python.vendor}, the same scene with the gripper at rest` }))
  rows.push(rowOf('control_steps_per_s_64px', 'steps/s', 'higher', await stepsPerSecond(64, true)))
  rows.push(rowOf('control_steps_per_s_blind', 'steps/s', 'higher', await stepsPerSecond(64, false), { note: 'physics alone' }))
  return rows
}

async function partRows(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const sizePx of [64, 128, 256]) rows.push(rowOf(`rasterise_ms_${sizePx}px`, 'ms', 'lower', await gBufferMs('rasteriser', sizePx), { note: 'two cameras, everything drawn' }))
  rows.push(rowOf('ray_cast_ms_128px', 'ms', 'lower', await gBufferMs('rays', 128), { note: 'two cameras, the reference' }))
  return rows
}

async function demoRows(note: (text: string) => void, signal?: AbortSignal): Promise<BenchRow[]> {
  note(`${demonstrations} demonstrations with exact flow`)
  const startedAt = performance.now()
  let frames = 0
  let successes = 0
  const specs = Array.from({ length: demonstrations }, (_, index) => ({ taskId: index % 2 === 0 ? sceneTask : 'tabletop-goal/push-button', seed: index >> 1 }))
  for await (const episode of recordEpisodes(specs, { sizePx: 64, horizonSteps: 5, workers: 2, signal })) {
    frames += episode.frameCount
    if (episode.success) successes++
  }
  return [{
    name: 'demos_100_s', value: (performance.now() - startedAt) / 1000, unit: 's', better: 'lower', target: 60, n: 1,
    note: `two tasks, 64 px, flow at k = 5, 2 threads; ${frames} frames, ${successes} successes`,
  }]
}

async function suiteRows(note: (text: string) => void, signal?: AbortSignal): Promise<BenchRow[]> {
  note('both ends of the scale on all four suites')
  const startedAt = performance.now()
  for (const policy of ['random', 'expert'] as const) {
    await evaluateBaseline({ policy, tasks: listTasks().map(({ id }) => id), seeds: evaluationSeeds.slice(0, seedsPerTask), workers: 2, signal })
  }
  return [{
    name: 'evaluate_all_suites_s', value: (performance.now() - startedAt) / 1000, unit: 's', better: 'lower', target: suitesTargetS, n: 1,
    note: `random and expert, ${seedsPerTask} seeds on each of ${listTasks().length} tasks, 2 threads; the table of all 50 seeds is to take at most 600 s`,
  }]
}

/** The simulator: control steps with pictures, the parts they are made of, demonstrations with exact flow, evaluations. */
export default async function bench({ signal, note = () => {}, only = [] }: { readonly signal?: AbortSignal; readonly note?: (text: string) => void; readonly only?: readonly string[] } = {}): Promise<BenchRow[]> {
  const measures: Record<(typeof parts)[number], () => Promise<BenchRow[]>> = {
    steps: () => stepRows(note), parts: partRows, demos: () => demoRows(note, signal), suites: () => suiteRows(note, signal),
  }
  const rows: BenchRow[] = []
  for (const part of parts) {
    signal?.throwIfAborted()
    if (only.length === 0 || only.includes(part)) rows.push(...(await measures[part]()))
  }
  return rows
}
