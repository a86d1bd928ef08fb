import { OpenPolicies } from '../../electron/engine/desk/open-policies.ts'
import { Simulations } from '../../electron/engine/desk/simulations.ts'
import { resolveHome } from '../../electron/platform/paths.ts'
import type { Services } from '../../electron/rpc/services.ts'

/** Live episodes of the real simulator. There is no checkpoint to act, so the expert stands in for runs, and what truly moved for what they imagine. */
export function fakeSimulations(): Services['simulations'] & { dispose(): void } {
  const simulations = new Simulations(new OpenPolicies(resolveHome('/nonexistent'), () => {}))
  const runs = new Map<string, string>()
  const asRun = (simulation: Awaited<ReturnType<Services['simulations']['open']>>) => {
    const run = runs.get(simulation.id)
    return run === undefined ? simulation : { ...simulation, policy: run, panes: [...simulation.panes, 'predicted-motion' as const] }
  }
  return {
    async open({ task, seed, policy, camera }) {
      const simulation = await simulations.open({ task, seed, camera, policy: policy.kind === 'run' ? { kind: 'baseline', name: 'expert' } : policy })
      if (policy.kind === 'run') runs.set(simulation.id, policy.runId)
      return asRun(simulation)
    },
    advance: async (id, steps) => asRun(await simulations.advance({ id, steps })),
    frame: async (id, pane, frame) => (await simulations.frame({ id, pane: pane === 'predicted-motion' ? 'true-motion' : pane, frame })) ?? (pane === 'predicted-motion' ? simulations.frame({ id, pane: 'agentview', frame }) : null),
    close: async (id) => void (await simulations.close({ id })),
    dispose: () => simulations.dispose(),
  }
}
