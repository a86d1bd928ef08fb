import type { GroceryKind } from '../scene/groceries.ts'
import type { Placement } from './layout.ts'
import { said, type Task } from './task.ts'

/** One goal, many things: which of five goes into the basket. */
const suite = 'tabletop-object'

const nouns: Record<GroceryKind, string> = {
  'soup-can': 'soup can',
  tomato: 'tomato',
  ketchup: 'ketchup',
  'salad-dressing': 'salad dressing',
  'milk-carton': 'milk carton',
  'orange-juice': 'orange juice',
  butter: 'butter',
  mug: 'blue mug',
  dice: 'dice',
  'chocolate-pudding': 'chocolate pudding',
}
const kinds = Object.keys(nouns) as GroceryKind[]

/** Places in the order of the list, so that neighbours differ from task to task. */
const otherSteps = [1, 3, 4, 7]

export const objectSuite: readonly Task[] = kinds.map((kind, index): Task => {
  const shown = [kind, ...otherSteps.map((step) => kinds[(index + step) % kinds.length]!)]
  const anywhere: Pick<Placement, 'x' | 'y' | 'yaw'> = { x: [-0.15, 0.13], y: [-0.245, 0.015], yaw: [-0.5, 0.5] }
  const noun = nouns[kind]
  return {
    id: `${suite}/${kind}`,
    suite,
    ...said(`put the ${noun} in the basket`, [`place the ${noun} in the basket`, `pick up the ${noun} and put it in the basket`], [`drop the ${noun} into the basket`]),
    maxSteps: 200,
    things: [{ name: 'basket', kind: 'basket' }, ...shown.map((thing) => ({ name: thing, kind: thing }))],
    layout: [{ thing: 'basket', x: [-0.03, 0.03], y: [0.17, 0.19] }, ...shown.map((thing) => ({ thing, ...anywhere }))],
    gapM: 0.036,
    goal: { type: 'in', item: kind, container: 'basket' },
    script: [{ do: 'pick', item: kind }, { do: 'place-in', item: kind, container: 'basket' }],
  }
})
