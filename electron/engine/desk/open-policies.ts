import { cpus } from 'node:os'
import type { Disposable } from '../../base/disposable.ts'
import type { TrainConfig } from '../../contract/config.ts'
import type { Policy } from '../../model/policy.ts'
import type { Home } from '../../platform/paths.ts'
import { warningsTo } from '../../tensor/backends/log.ts'
import { Lending } from './lending.ts'
import { openPolicy } from '../evaluation/open-policy.ts'

/** Policies that nobody asked for this long are let go, with their memory on the device. */
const idleMs = 120_000
/** Two, so that two runs side by side do not push each other out. */
const keptPolicies = 2

interface LentPolicy extends Disposable {
  readonly policy: Policy
}

/** Policies of checkpoints, opened on the run's device and kept for a while. */
export class OpenPolicies implements Disposable {
  readonly #lending: Lending<LentPolicy>
  readonly #devices = new Map<string, TrainConfig['device']>()
  #idle: NodeJS.Timeout | undefined

  constructor(home: Home, onWarning: (message: string) => void) {
    this.#lending = new Lending(async (key) => {
      const { runPath, step } = JSON.parse(key) as { runPath: string; step: number }
      const { openProvider } = await import('../../tensor/registry.ts')
      // Half of the cores: a run in training needs the others more.
      const { provider } = await openProvider(this.#devices.get(runPath) ?? 'auto', { threads: Math.max(1, Math.floor(cpus().length / 2)), cacheDir: home.cache, log: warningsTo(onWarning) })
      try {
        const { policy } = await openPolicy(runPath, step, provider)
        return {
          policy,
          dispose() {
            policy.dispose()
            provider.dispose()
          },
        }
      } catch (error) {
        provider.dispose()
        throw error
      }
    }, keptPolicies)
  }

  async use<T>(runPath: string, step: number, config: TrainConfig, use: (policy: Policy) => Promise<T>): Promise<T> {
    this.#devices.set(runPath, config.device)
    clearTimeout(this.#idle)
    try {
      return await this.#lending.use(JSON.stringify({ runPath, step }), ({ policy }) => use(policy))
    } finally {
      clearTimeout(this.#idle)
      this.#idle = setTimeout(() => this.#lending.dispose(), idleMs).unref()
    }
  }

  dispose(): void {
    clearTimeout(this.#idle)
    this.#lending.dispose()
  }
}
