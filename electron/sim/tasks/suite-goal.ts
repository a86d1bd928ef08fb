import type { Thing } from '../scene/scene.ts'
import type { Placement } from './layout.ts'
import { said, type Task } from './task.ts'

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
  { thing: 'cabinet', x: [-0.255, -0.245], y: [-0.165, -0.15] },
  { thing: 'stove', x: [-0.205, -0.19], y: [0.15, 0.165] },
  { thing: 'button', x: [0.1, 0.13], y: [-0.02, 0.02] },
  { thing: 'plate', x: [0.02, 0.07], y: [0.12, 0.16] },
  { thing: 'bowl', x: [-0.045, -0.025], y: [0.012, 0.03] },
  { thing: 'red_block', x: [0.085, 0.13], y: [-0.195, -0.125], yaw: [-0.4, 0.4] },
]

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
  {
    id: `${suite}/open-bottom-drawer`, ...scene, maxSteps: 160,
    ...said('open the bottom drawer', ['pull the bottom drawer open', 'open the lower drawer of the cabinet'], ['slide out the bottom drawer']),
    goal: { type: 'open', drawer: 'cabinet_bottom' },
    script: [{ do: 'open', drawer: 'cabinet_bottom' }],
  },
  {
    id: `${suite}/turn-on-stove`, ...scene, maxSteps: 160,
    ...said('turn on the stove', ['switch the stove on', 'turn the knob of the stove'], ['switch on the burner']),
    goal: { type: 'turned-on', stove: 'stove' },
    script: [{ do: 'turn-on', stove: 'stove' }],
  },
  {
    id: `${suite}/bowl-on-plate`, ...scene, maxSteps: 200,
    ...said('put the bowl on the plate', ['place the bowl on the plate', 'pick up the bowl and put it on the plate'], ['move the bowl onto the plate']),
    goal: { type: 'on', item: 'bowl', support: 'plate' },
    script: [{ do: 'pick', item: 'bowl' }, { do: 'place-on', item: 'bowl', support: 'plate' }],
  },
  {
    id: `${suite}/bowl-on-stove`, ...scene, maxSteps: 200,
    ...said('put the bowl on the stove', ['place the bowl on the stove', 'pick up the bowl and put it on the burner'], ['move the bowl onto the stove']),
    goal: { type: 'on', item: 'bowl', support: 'stove' },
    script: [{ do: 'pick', item: 'bowl' }, { do: 'place-on', item: 'bowl', support: 'stove' }],
  },
  {
    id: `${suite}/bowl-on-cabinet`, ...scene, maxSteps: 200,
    ...said('put the bowl on top of the cabinet', ['place the bowl on the cabinet', 'pick up the bowl and put it on top of the cabinet'], ['move the bowl onto the cabinet']),
    goal: { type: 'on', item: 'bowl', support: 'cabinet' },
    script: [{ do: 'pick', item: 'bowl' }, { do: 'place-on', item: 'bowl', support: 'cabinet' }],
  },
  {
    id: `${suite}/block-in-bowl`, ...scene, maxSteps: 200,
    ...said('put the red block in the bowl', ['place the red block in the bowl', 'pick up the red block and put it in the bowl'], ['drop the red block into the bowl']),
    goal: { type: 'on', item: 'red_block', support: 'bowl' },
    script: [{ do: 'pick', item: 'red_block' }, { do: 'place-on', item: 'red_block', support: 'bowl' }],
  },
  {
    id: `${suite}/block-on-cabinet`, ...scene, maxSteps: 200,
    ...said('put the red block on top of the cabinet', ['place the red block on the cabinet', 'pick up the red block and put it on top of the cabinet'], ['move the red block onto the cabinet']),
    goal: { type: 'on', item: 'red_block', support: 'cabinet' },
    script: [{ do: 'pick', item: 'red_block' }, { do: 'place-on', item: 'red_block', support: 'cabinet' }],
  },
]
