import type { Ablation, AblationCell, AblationSpec } from '../../electron/contract/ablation.ts'
import { ablationSpecSchema } from '../../electron/contract/ablation.ts'
import { KinoraError } from '../../electron/contract/errors.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { ablationId, cellRunName } from '../../electron/engine/ablation/ablation-folder.ts'
import { planAblation } from '../../electron/engine/ablation/ablation-plan.ts'
import { ablationTable } from '../../electron/evaluate/ablation.ts'
import type { Services } from '../../electron/rpc/services.ts'
import { evaluationOf, type FakeRuns } from './fake-runs.ts'

/** Ablations whose runs end one after another, a step a tick; plans and tables are those of the engine. */
export class FakeAblations {
  readonly #ablations = new Map<string, Ablation>()
  readonly #deleted = new Map<string, Ablation>()
  readonly #runs: FakeRuns
  readonly #fire: (event: KinoraEvent) => void
  readonly #timer: NodeJS.Timeout

  constructor(runs: FakeRuns, fire: (event: KinoraEvent) => void, isEmpty: boolean) {
    this.#runs = runs
    this.#fire = fire
    if (!isEmpty) this.#set(shownAblation())
    this.#timer = setInterval(() => void this.#tick(), 300)
  }

  readonly list: Services['ablations']['list'] = async () => [...this.#ablations.values()]
  readonly start: Services['ablations']['start'] = async (spec) => this.#set(this.#ablations.get(ablationId(spec)) ?? fresh(spec))
  readonly pause: Services['ablations']['pause'] = async (id) => this.#set({ ...this.#find(id), state: 'paused' })
  readonly resume: Services['ablations']['resume'] = async (id) => this.#set({ ...this.#find(id), state: 'running' })

  readonly remove: Services['ablations']['remove'] = async (id) => {
    this.#deleted.set(id, this.#find(id))
    this.#ablations.delete(id)
    this.#fire({ type: 'ablation-removed', id })
  }
  readonly restore: Services['ablations']['restore'] = async (id) => this.#set(this.#deleted.get(id)!)

  /** The one that is shown from the start stands still, so that its page looks the same at any time. */
  async #tick(): Promise<void> {
    for (const ablation of this.#ablations.values()) {
      if (ablation.state !== 'running' || ablation.id === shownId) continue
      const at = ablation.cells.findIndex(({ state }) => state !== 'done' && state !== 'failed')
      const cell = ablation.cells[at]
      if (cell === undefined) {
        this.#set({ ...ablation, state: 'finished' })
        continue
      }
      const plan = planAblation(ablation.spec)
      const made = cell.state === 'waiting' ? await this.#runs.create(cellRunName({ spec: ablation.spec, plan }, cell), plan.cells[at]!.config) : null
      const state = { waiting: 'training', training: 'evaluating', trained: 'evaluating', evaluating: 'done', done: 'done', failed: 'failed' } as const
      // Paused meanwhile, it keeps still.
      const now = this.#find(ablation.id)
      if (now.state === 'running') this.#set({ ...now, cells: now.cells.with(at, { ...cell, runId: made?.id ?? cell.runId, state: state[cell.state], runState: cell.state === 'waiting' ? 'queued' : 'finished' }) })
    }
  }

  #set(ablation: Ablation): Ablation {
    const table = ablationTable(
      ablation.arms.map(({ label }) => label),
      ablation.cells.flatMap(({ arm, seed, state }) => (state === 'done' ? [{ arm, seed, rollouts: evaluationOf(2000, 0.8 - 0.1 * arm, 3 * arm + seed).rollouts, validation: { 'val/action': 0.2 + 0.01 * arm + 0.002 * seed } }] : [])),
    )
    const known = { ...ablation, table }
    this.#ablations.set(known.id, known)
    this.#fire({ type: 'ablation-changed', ablation: known })
    return known
  }

  #find(id: string): Ablation {
    const found = this.#ablations.get(id)
    if (found !== undefined) return found
    throw new KinoraError('not-found', `There is no ablation "${id}".`, 'Look at the list.')
  }

  dispose(): void {
    clearInterval(this.#timer)
  }
}

function fresh(spec: AblationSpec): Ablation {
  const { arms, cells } = planAblation(spec)
  const id = ablationId(spec)
  return { id, createdAt: Date.now(), spec, state: 'running', arms: [...arms], cells: cells.map(({ arm, seed }) => ({ arm, seed, runId: `${id}-arm${arm + 1}-seed${seed}`, state: 'waiting', runState: null, error: null })), table: [] }
}

const shownId = 'targets-4d1f0a93'

/** Three arms with two seeds, over runs of the fake host: done, failed, on its way, and to come. */
function shownAblation(): Ablation {
  const spec = ablationSpecSchema.parse({ name: 'targets', base: { data: { dataset: 'tabletop-demo-8f21' } }, factors: [{ field: 'motion.target', values: ['motion-image', 'none', 'future-frame'] }], seeds: [0, 1], evaluation: { seedsPerTask: 25 } })
  const failed = { code: 'numerics', message: 'loss/action became NaN at step 612, in the batch of episodes 3 and 17.', hint: 'Lower the learning rate, or resume from step 500.' } as const
  const known: Partial<AblationCell>[] = [
    { runId: 'demo-joint-1', state: 'done', runState: 'finished' },
    { runId: 'demo-action-2', state: 'done', runState: 'finished' },
    { runId: 'joint-lr-1e-2-6', state: 'failed', runState: 'failed', error: failed },
    { runId: 'joint-s2-7', state: 'training', runState: 'running' },
    { runId: 'action-s2-8', state: 'waiting', runState: 'queued' },
    {},
  ]
  const whole = fresh(spec)
  return { ...whole, id: shownId, createdAt: Date.UTC(2026, 10, 22, 9), cells: whole.cells.map((cell, at) => ({ ...cell, ...known[at] })) }
}
