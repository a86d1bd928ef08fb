/** A tensor in host memory, row-major: what crosses between rooms, processes and files. */
export type HostTensor =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'bool'; readonly shape: readonly number[]; readonly data: Uint8Array }

export type HostTensors = Record<string, HostTensor>

/** A tensor without its values: all that recording a step needs. */
export type TensorForm = Pick<HostTensor, 'dtype' | 'shape'>
export type TensorForms = Readonly<Record<string, TensorForm>>

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

export function float32(data: Float32Array, shape: readonly number[]): HostTensor {
  return { dtype: 'float32', shape, data }
}

export function int32(data: Int32Array, shape: readonly number[]): HostTensor {
  return { dtype: 'int32', shape, data }
}

/**
 * Frees the arrays of tensors that nobody reads any more, now rather than at some garbage collection: a training step
 * leaves as much behind as its state holds, and a collector that sees only small objects lets gigabytes lie.
 * @param kept tensors that may share those arrays and stay
 */
export function letGo(tensors: Iterable<HostTensor>, kept: Iterable<HostTensor> = []): void {
  const stays = new Set<ArrayBufferLike>(Array.from(kept, ({ data }) => data.buffer))
  for (const { data: { buffer } } of tensors) {
    // A transferred buffer leaves this one with no bytes; a shared one cannot be transferred.
    if (buffer instanceof ArrayBuffer && !buffer.detached && !stays.has(buffer)) buffer.transfer(0)
  }
}
