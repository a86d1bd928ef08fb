import { expect, it } from 'vitest'
import { float32 } from '../../../../../electron/base/host-tensor.ts'
import { openOnnxProvider } from '../../../../../electron/tensor/backends/onnx/provider.ts'
import type { StepFunction } from '../../../../../electron/tensor/provider.ts'
import { tf } from '../../../../../electron/tensor/tf.ts'

const step: StepFunction = ({ w }, { x }) => ({ state: { w: tf.add(w!, x!) }, outputs: { sum: tf.sum(tf.mul(w!, x!)) } })
const state = { w: float32(Float32Array.of(1, 2), [2]) }
const inputs = { x: float32(Float32Array.of(3, 4), [2]) }

it('serves two providers of one kind in a process, whichever was opened or let go last', async () => {
  const first = openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 })
  const compiled = first.compile(step, { name: 'first' })
  const before = first.createState(state)
  const kept = first.eager(() => tf.tensor1d([1, 2, 3]))
  const second = openOnnxProvider('onnx-cpu', 'cpu', { threads: 1 })
  const other = second.compile(step, { name: 'second' })
  expect(second.eager(() => tf.square(tf.tensor1d([3]))).dataSync()).toEqual(Float32Array.of(9))
  expect((await compiled.run(before, inputs)).sum!.data[0]).toBe(11)
  expect((await other.run(second.createState(state), inputs)).sum!.data[0]).toBe(11)
  second.dispose()
  expect(first.eager(() => tf.add(kept, 1)).dataSync()).toEqual(Float32Array.of(2, 3, 4))
  expect((await first.compile(step, { name: 'third' }).run(before, inputs)).sum!.data[0]).toBe(4 * 3 + 6 * 4)
  first.dispose()
})
