import type { Thing } from '../scene/scene.ts'
import type { Placement } from './layout.ts'
import type { Task } from './task.ts'

/** One scene, many goals: only the instruction tells them apart. */
const suite = 'tabletop-goal'

const things: readonly Thing[] = [
  { name: 'cabinet', kind: 'cabinet' },
  { name: 'stove', kind: 'stove' },
  { name: 'button', kind: 'button' },
  { name: 'plate', kind: 'plate' },
  { name: 'bowl', kind: 'bowl' },
  { name: 'red_block', kind: 'red-block' },
]

const layout: readonly Placement[] = [
  { thing: 'cabinet', x: [-0.215, -0.205], y: [-0.16, -0.145] },
  { thing: 'stove', x: [-0.205, -0.19], y: [0.15, 0.165] },
  { thing: 'button', x: [0.1, 0.13], y: [-0.02, 0.02] },
  { thing: 'plate', x: [0.02, 0.07], y: [0.12, 0.16] },
  { thing: 'bowl', x: [-0.06, -0.02], y: [0.005, 0.035] },
  { thing: 'red_block', x: [0.055, 0.115], y: [-0.19, -0.11], yaw: [-0.4, 0.4] },
]

type Said = Pick<Task, 'instruction' | 'phrasings'>
const said = (instruction: string, training: readonly string[], heldOut: readonly string[]): Said => ({ instruction, phrasings: { training, heldOut } })

const scene = { suite, things, layout }

export const goalSuite: readonly Task[] = [
  {
    id: `${suite}/push-button`, ...scene, maxSteps: 120,
    ...said('press the button', ['push the button', 'press the green button down'], ['hit the green button']),
    goal: { type: 'pressed', button: 'button' },
    script: [{ do: 'press', button: 'button' }],
  },
  {
    id: `${suite}/block-on-plate`, ...scene, maxSteps: 200,
    ...said('put the red block on the plate', ['place the red block on the plate', 'pick up the red block and put it on the plate'], ['move the red block onto the plate']),
    goal: { type: 'on', item: 'red_block', support: 'plate' },
    script: [{ do: 'pick', item: 'red_block' }, { do: 'place-on', item: 'red_block', support: 'plate' }],
  },
  {
    id: `${suite}/open-drawer`, ...scene, maxSteps: 160,
    ...said('open the top drawer', ['pull the top drawer open', 'open the upper drawer of the cabinet'], ['slide out the top drawer']),
    goal: { type: 'open', drawer: 'cabinet_top' },
    script: [{ do: 'open', drawer: 'cabinet_top' }],
  },
]
