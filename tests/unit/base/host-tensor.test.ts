import { expect, test } from 'vitest'
import { float32, letGo } from '../../../electron/base/host-tensor.ts'

test('lets arrays go at once, but none that a kept tensor shares', () => {
  const shared = new Float32Array(8)
  const [gone, view, kept] = [float32(new Float32Array([1, 2]), [2]), float32(shared.subarray(0, 4), [4]), float32(shared.subarray(4), [4])]
  letGo([gone, view], [kept])
  expect(gone.data.length).toBe(0)
  expect([view.data.length, kept.data.length]).toEqual([4, 4])
  // A second time, and memory that threads share: nothing happens.
  const between = float32(new Float32Array(new SharedArrayBuffer(16)), [4])
  letGo([gone, between])
  expect(between.data.length).toBe(4)
  letGo([view])
  expect(kept.data.length).toBe(0)
})
