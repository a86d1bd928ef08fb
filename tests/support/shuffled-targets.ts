import type { HostTensor, HostTensors } from '../../electron/base/host-tensor.ts'
import { Rng } from '../../electron/base/rng.ts'
import type { Provider } from '../../electron/tensor/provider.ts'

/** Inputs of a training step that belong together: a head's targets and which of them count. */
const targets = [['actions', 'action-mask'], ['motion-latent', 'motion-weight']] as const

/** A provider whose training steps see each head's targets in another order at every step: nothing tells which is whose. */
export function shufflingTargets(provider: Provider, seed = 0): Provider {
  let step = 0
  return {
    name: provider.name,
    version: provider.version,
    deviceName: provider.deviceName,
    createState: (tensors) => provider.createState(tensors),
    eager: (fn) => provider.eager(fn),
    dispose: () => provider.dispose(),
    compile(fn, options) {
      const compiled = provider.compile(fn, options)
      if (options.name !== 'training step') return compiled
      return { run: (state, inputs) => compiled.run(state, shuffled(inputs, new Rng(seed, step++))), dispose: () => compiled.dispose() }
    },
  }
}

function shuffled(inputs: HostTensors, rng: Rng): HostTensors {
  const moved = targets.flatMap((names) => {
    const order = rng.permutation(inputs[names[0]]!.shape[0]!)
    return names.map((name) => [name, rowsIn(order, inputs[name]!)] as const)
  })
  return { ...inputs, ...Object.fromEntries(moved) }
}

/** Rows of the leading axis. */
function rowsIn(order: ArrayLike<number>, { data, shape, dtype }: HostTensor): HostTensor {
  const size = data.length / shape[0]!
  const moved = data.slice()
  for (let row = 0; row < order.length; row++) moved.set(data.subarray(order[row]! * size, (order[row]! + 1) * size), row * size)
  return { dtype, shape, data: moved } as HostTensor
}
