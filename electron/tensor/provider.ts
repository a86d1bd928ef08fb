import type { Tensor } from '@tensorflow/tfjs-core'
import type { Disposable } from '../base/disposable.ts'
import type { HostTensor, HostTensors } from '../base/host-tensor.ts'
import type { ProviderName } from '../contract/config.ts'

export type Tensors = Record<string, Tensor>

/**
 * A pure function of tensors: no randomness, no host reads, no branches on values. `state` is what survives from step
 * to step (parameters, moments, averages); an inference function leaves it out of its result.
 */
export type StepFunction = (state: Tensors, inputs: Tensors) => { readonly state?: Tensors; readonly outputs: Tensors }

/** Named tensors that stay where the provider keeps them fastest. */
export interface DeviceState extends Disposable {
  readonly names: readonly string[]
  /** Copies to the host. Without `names`, all. */
  read(names?: readonly string[]): Promise<HostTensors>
  /** Replaces values in place; shapes and dtypes must not change. */
  write(tensors: HostTensors): void
  /** Approximate size in bytes. */
  readonly bytes: number
}

/**
 * A step function traced once per set of input shapes and replayed without tracing.
 * `run` replaces the state's tensors only if the whole run succeeded and (`checkFinite`) every output is finite.
 */
export interface CompiledStep extends Disposable {
  run(state: DeviceState, inputs: Record<string, HostTensor>): Promise<HostTensors>
}

export interface CompileOptions {
  /** Named in the log line that each compile writes and in errors. */
  readonly name: string
  /** Reject with `numerics`, naming the first tensor, when an output or new state is not finite. State stays as it was. */
  readonly checkFinite?: boolean
}

/** A place to compute: one of the ladder's rungs, opened and tested. */
export interface Provider extends Disposable {
  readonly name: ProviderName
  readonly version: string
  readonly deviceName: string
  createState(tensors: HostTensors): DeviceState
  compile(step: StepFunction, options: CompileOptions): CompiledStep
  /** Runs `fn` eagerly on this provider's backend inside a tidy: for small jobs that are not worth a compile. */
  eager<T>(fn: () => T): T
}
