import { setImmediate } from 'node:timers/promises'
import { DisposableStore, type Disposable } from '../../base/disposable.ts'
import { float32, int32, sizeOf, type HostTensor, type HostTensors } from '../../base/host-tensor.ts'
import { Rng } from '../../base/rng.ts'
import type { TrainConfig } from '../../contract/config.ts'
import type { ActionDimensions } from '../../model/action-expert.ts'
import { autoencoderSpecs } from '../../model/autoencoder-kl.ts'
import { initialise, prefixed } from '../../model/parameters.ts'
import type { Provider, StepFunction } from '../../tensor/provider.ts'
import { FlatParameters } from '../../trainer/flat-parameters.ts'
import { initialState, parametersOf } from '../../trainer/parameter-groups.ts'
import { stepInputs, vaeStepInputs } from '../../trainer/step-cost.ts'
import { trainStep, type MotionSource } from '../../trainer/train-step.ts'
import { vaeStep } from '../../trainer/vae-phase.ts'

/** Steps that plan memory and warm caches, and are not counted. */
const warmSteps = 3
/** Steps of one turn that count; the one before them finds the caches full of other steps, whose threads still spin. */
const turnSteps = 3
/** What one turn takes, with the steps that do not count. */
export const fewestSteps = warmSteps + 1 + turnSteps

/** Made-up values of a step's inputs: noise, tokens in the table, and masks of ones. */
function madeUp(name: string, { dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>, rng: Rng): HostTensor {
  const size = sizeOf(shape)
  if (dtype === 'int32') return int32(Int32Array.from({ length: size }, (_, index) => index % 200), shape)
  if (name === 'learning-rate') return float32(Float32Array.of(1e-4), shape)
  if (name.endsWith('-mask') || name.endsWith('-weight') || size === 1) return float32(new Float32Array(size).fill(1), shape)
  return float32(rng.normals(size), shape)
}

/** A step that can be run again and again on a made-up batch. */
export interface TimedStep extends Disposable {
  /** Runs it once. @returns the seconds that it took */
  time(): Promise<number>
}

function timedStep(provider: Provider, step: StepFunction, before: HostTensors, forms: ReturnType<typeof stepInputs>): TimedStep {
  const rng = new Rng(1, 0)
  const inputs = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, madeUp(name, form, rng)]))
  const resources = new DisposableStore()
  const state = resources.add(provider.createState(before))
  const compiled = resources.add(provider.compile(step, { name: 'speed of this machine', checkFinite: true }))
  return {
    async time() {
      const start = performance.now()
      await compiled.run(state, inputs)
      const seconds = (performance.now() - start) / 1000
      await setImmediate()
      return seconds
    },
    dispose: () => resources.dispose(),
  }
}

/** A training step of a configuration. */
export function timedTrainStep(provider: Provider, config: TrainConfig, dimensions: ActionDimensions, source: MotionSource): TimedStep {
  const parameters = parametersOf(config, dimensions)
  return timedStep(provider, trainStep(config, parameters.flat, source), initialState(parameters, 0), stepInputs(config, dimensions, source))
}

/** A step of its autoencoder. */
export function timedVaeStep(provider: Provider, config: TrainConfig): TimedStep {
  const specs = autoencoderSpecs(config)
  const flat = new FlatParameters(specs)
  const state = { ...prefixed(flat.pack(initialise(specs, 0)), 'params/'), ...prefixed(flat.zeros(), 'adam-m/'), ...prefixed(flat.zeros(), 'adam-v/') }
  return timedStep(provider, vaeStep(config, flat), state, vaeStepInputs(config))
}

/**
 * Seconds of each step over `turns` turns, three a turn. They take turns, so that a machine whose speed moves from minute to
 * minute is as fast for one as for the others. The signal ends it after the step under way: there are fewer then.
 */
export async function timeInTurn(steps: readonly TimedStep[], turns: number, signal?: AbortSignal): Promise<number[][]> {
  for (const step of steps) for (let warm = 0; warm < warmSteps && !signal?.aborted; warm++) await step.time()
  const seconds = steps.map((): number[] => [])
  for (let turn = 0; turn < turns; turn++) {
    for (const [at, step] of steps.entries()) {
      if (signal?.aborted) return seconds
      await step.time()
      for (let count = 0; count < turnSteps; count++) seconds[at]!.push(await step.time())
    }
  }
  return seconds
}
