import { afterAll, describe, expect, it } from 'vitest'
import { simulationSchema } from '../../../../electron/contract/simulation.ts'
import { OpenPolicies } from '../../../../electron/engine/desk/open-policies.ts'
import { Simulations } from '../../../../electron/engine/desk/simulations.ts'
import { evaluateBaseline } from '../../../../electron/evaluate/closed-loop.ts'
import { resolveHome } from '../../../../electron/platform/paths.ts'

const task = 'tabletop-goal/push-button'
const expert = { kind: 'baseline', name: 'expert' } as const

describe('simulations', () => {
  const simulations = new Simulations(new OpenPolicies(resolveHome('/nonexistent'), () => {}))
  afterAll(() => simulations.dispose())

  it('plays the very episode that an evaluation of the same policy plays', async () => {
    const { rollouts } = await evaluateBaseline({ policy: 'expert', tasks: [task], seeds: [20_001], workers: 1, now: () => 0 })
    let played = await simulations.open({ task, seed: 20_001, camera: null, policy: expert })
    expect(simulationSchema.parse(played)).toEqual(played)
    expect(played).toMatchObject({ frameCount: 1, end: null, panes: ['agentview', 'robot0_eye_in_hand', 'true-motion'] })
    while (played.end === null) played = await simulations.advance({ id: played.id, steps: 10 })
    expect(played.end).toEqual({ success: rollouts[0]!.success, reason: rollouts[0]!.reason })
    expect(played.frameCount - 1).toBe(rollouts[0]!.steps)
  })

  it('gives pictures of every frame played, and motion once the later frame is there', async () => {
    const { id, sizePx } = await simulations.open({ task, seed: 3, camera: null, policy: { kind: 'baseline', name: 'random' } })
    await simulations.advance({ id, steps: 4 })
    const picture = await simulations.frame({ id, pane: 'agentview', frame: 4 })
    expect(picture).toMatchObject({ width: sizePx, height: sizePx })
    expect(await simulations.frame({ id, pane: 'true-motion', frame: 0 })).toBeNull()
    await simulations.advance({ id, steps: 1 })
    expect(await simulations.frame({ id, pane: 'true-motion', frame: 0 })).toMatchObject({ width: sizePx })
    await expect(simulations.frame({ id, pane: 'agentview', frame: 6 })).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining('0 to 5') })
    await expect(simulations.frame({ id, pane: 'predicted-motion', frame: 0 })).rejects.toThrow(/no pane/)
  })

  it('keeps a few episodes only, and lists the tasks when one is unknown', async () => {
    const ids: string[] = []
    for (let seed = 0; seed < 4; seed++) ids.push((await simulations.open({ task, seed, camera: null, policy: expert })).id)
    await expect(simulations.advance({ id: ids[0]!, steps: 1 })).rejects.toMatchObject({ code: 'not-found' })
    expect(await simulations.advance({ id: ids[3]!, steps: 1 })).toMatchObject({ frameCount: 2 })
    await expect(simulations.open({ task: 'tabletop-goal/fly', seed: 0, camera: null, policy: expert })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining(task) })
  })
})
