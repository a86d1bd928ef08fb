import { afterAll, describe, expect, it } from 'vitest'
import { float32, int32, type HostTensors } from '../../../electron/base/host-tensor.ts'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import { linear, valueAndGradients } from '../../../electron/tensor/ops/index.ts'
import type { StepFunction } from '../../../electron/tensor/provider.ts'
import { tf } from '../../../electron/tensor/tf.ts'
import { adamW, ema, zeroMoments } from '../../../electron/trainer/optimiser.ts'
import { providers } from '../../support/tensor-providers.ts'
import { valuesFor } from '../../support/tensors.ts'

const normal = (shape: number[], stream: number): HostTensors[string] => float32(valuesFor(shape, stream), shape)
const scalar = (value: number): HostTensors[string] => float32(Float32Array.of(value), [])

const parameters: HostTensors = { w: normal([4, 3], 1), b: normal([3], 2) }

function initialState(): HostTensors {
  const { first, second } = zeroMoments(parameters)
  return { ...parameters, 'm/w': first.w!, 'm/b': first.b!, 'v/w': second.w!, 'v/b': second.b!, 'ema/w': parameters.w!, 'ema/b': parameters.b! }
}

const train: StepFunction = (s, { x, y, rate, number }) => {
  const { value, gradients } = valueAndGradients((p) => tf.mean(tf.square(tf.sub(tf.tanh(linear(x!, p.w!, p.b!)), y!))), { w: s.w!, b: s.b! })
  const { params, moments, gradNorm } = adamW({ w: s.w!, b: s.b! }, gradients, { first: { w: s['m/w']!, b: s['m/b']! }, second: { w: s['v/w']!, b: s['v/b']! } }, {
    learningRate: rate!, step: number!, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 0.5,
  })
  const average = ema(params, { w: s['ema/w']!, b: s['ema/b']! }, 0.9)
  return {
    state: { ...params, 'm/w': moments.first.w!, 'm/b': moments.first.b!, 'v/w': moments.second.w!, 'v/b': moments.second.b!, 'ema/w': average.w!, 'ema/b': average.b! },
    outputs: { loss: value, gradNorm },
  }
}

const batch = (number: number): HostTensors => ({ x: normal([6, 4], 10 + number), y: normal([6, 3], 50 + number), rate: scalar(0.01 / number), number: scalar(number) })

async function failure(promise: Promise<unknown>): Promise<KinoraError> {
  return promise.then(() => expect.unreachable('expected a rejection'), (error: KinoraError) => error)
}

describe.each(providers())('compiled steps on $name', ({ name, open }) => {
  const logs: string[] = []
  const provider = open((_level, message) => logs.push(message))
  afterAll(() => provider.dispose())

  it('trains, and a run resumed from copies of its state goes on bit for bit', async () => {
    const step = provider.compile(train, { name: 'train', checkFinite: true })
    const state = provider.createState(initialState())
    const losses: number[] = []
    let middle: HostTensors = {}
    for (let number = 1; number <= 10; number++) {
      losses.push((await step.run(state, batch(number))).loss!.data[0]!)
      if (number === 5) middle = await state.read()
    }
    const resumed = provider.createState(middle)
    const again: number[] = []
    for (let number = 6; number <= 10; number++) again.push((await step.run(resumed, batch(number))).loss!.data[0]!)
    expect(again).toEqual(losses.slice(5))
    expect(await resumed.read()).toEqual(await state.read())
    expect(losses.every(Number.isFinite)).toBe(true)
  })

  it('keeps inputs and read state apart from what it computes next', async () => {
    const step = provider.compile(({ a }, { x }) => ({ state: { a: tf.add(a!, x!) }, outputs: { a: tf.mul(a!, 1) } }), { name: 'accumulate' })
    const state = provider.createState({ a: scalar(1) })
    const x = scalar(2)
    await step.run(state, { x })
    const copy = await state.read(['a'])
    await step.run(state, { x })
    expect([...copy.a!.data]).toEqual([3])
    expect([...(await state.read()).a!.data]).toEqual([5])
    expect([...x.data]).toEqual([2])
    copy.a!.data[0] = 100
    expect([...(await state.read()).a!.data]).toEqual([5])
  })

  it('leaves out of the result what the step does not return, and reads only what is asked', async () => {
    const state = provider.createState({ a: scalar(1), b: scalar(7) })
    const step = provider.compile(({ a }) => ({ state: { a: tf.add(a!, 1) }, outputs: {} }), { name: 'partial' })
    expect(await step.run(state, {})).toEqual({})
    expect(await state.read(['b'])).toEqual({ b: scalar(7) })
    expect([...(await state.read()).a!.data]).toEqual([2])
    expect(state.bytes).toBe(8)
    expect([...state.names].sort()).toEqual(['a', 'b'])
  })

  it('handles every dtype, outputs that are inputs or constants, and changing shapes', async () => {
    const step = provider.compile((_, { x, i, m }) => ({ outputs: { x: x!, twice: x!, i: tf.add(i!, tf.scalar(1, 'int32')), m: tf.logicalNot(m!), constant: tf.tensor([1, 2]), x2: tf.mul(x!, 2) } }), { name: 'dtypes' })
    const state = provider.createState({})
    for (const size of [3, 1, 4, 3]) {
      const out = await step.run(state, { x: normal([size], 1), i: int32(new Int32Array(size).fill(4), [size]), m: { dtype: 'bool', shape: [size], data: new Uint8Array(size).fill(1) } })
      expect(out.x).toEqual(normal([size], 1))
      expect(out.twice).toEqual(out.x)
      expect(out.i).toEqual(int32(new Int32Array(size).fill(5), [size]))
      expect(out.m).toEqual({ dtype: 'bool', shape: [size], data: new Uint8Array(size) })
      expect(out.constant).toEqual(float32(Float32Array.of(1, 2), [2]))
    }
  })

  it('names the first tensor that is not finite and keeps the state', async () => {
    const step = provider.compile(({ a }, { x }) => ({ state: { a: tf.div(a!, x!) }, outputs: { fine: tf.add(a!, 1), ratio: tf.div(x!, x!) } }), { name: 'fragile', checkFinite: true })
    const state = provider.createState({ a: float32(Float32Array.of(1, 2), [2]) })
    await step.run(state, { x: float32(Float32Array.of(1, 2), [2]) })
    const undefinedRatio = await failure(step.run(state, { x: float32(Float32Array.of(1, 0), [2]) }))
    expect(undefinedRatio).toMatchObject({ code: 'numerics' })
    expect(undefinedRatio.message).toContain("output 'ratio' NaN")
    const inState = provider.compile(({ a }, { x }) => ({ state: { a: tf.div(a!, x!) }, outputs: { fine: tf.add(a!, 1) } }), { name: 'fragile', checkFinite: true })
    const zero = await failure(inState.run(state, { x: float32(Float32Array.of(1, 0), [2]) }))
    expect(zero.message).toContain("state 'a' infinite")
    expect([...(await state.read()).a!.data]).toEqual([1, 1])
    await inState.run(state, { x: float32(Float32Array.of(0.5, 0.25), [2]) })
    expect([...(await state.read()).a!.data]).toEqual([2, 4])
  })

  it('takes large finite values for what they are', async () => {
    const step = provider.compile((_, { x }) => ({ outputs: { x: tf.mul(x!, 1.5) } }), { name: 'large', checkFinite: true })
    const out = await step.run(provider.createState({}), { x: float32(new Float32Array(8).fill(2e38), [8]) })
    expect(out.x!.data[7]).toBeCloseTo(3e38, -32)
  })

  it('refuses state that it was not given or that changes its shape', async () => {
    const state = provider.createState({ a: scalar(1) })
    const foreign = provider.compile(({ a }) => ({ state: { z: a! }, outputs: {} }), { name: 'foreign' })
    expect((await failure(foreign.run(state, {}))).message).toContain("'z'")
    const grown = provider.compile(({ a }) => ({ state: { a: tf.stack([a!, a!]) }, outputs: {} }), { name: 'grown' })
    expect((await failure(grown.run(state, {}))).message).toMatch(/'a'.*\[2\]/)
    expect(() => state.write({ a: normal([2], 1) })).toThrow(/'a'/)
    expect(() => provider.createState({ a: float32(new Float32Array(3), [2]) })).toThrow(/needs 2 values, got 3/)
    state.write({ a: scalar(9) })
    expect([...(await state.read()).a!.data]).toEqual([9])
  })

  it('tells op and shapes of a mismatch', async () => {
    const step = provider.compile((_, { x, y }) => ({ outputs: { z: tf.matMul(x!, y!) } }), { name: 'mismatch' })
    const error = await failure(step.run(provider.createState({}), { x: normal([2, 3], 1), y: normal([4, 5], 2) }))
    expect(error.message).toMatch(/MatMul|matMul/)
    expect(error.message).toMatch(/2, ?3.*4, ?5/)
    expect(error.message).toMatch(/^Step 'mismatch'.*step\.test\.ts:\d+\)$/)
  })

  if (name.startsWith('onnx')) {
    it('traces once per set of shapes, whatever the scalars', async () => {
      logs.length = 0
      let traces = 0
      const step = provider.compile((s, inputs) => { traces++; return train(s, inputs) }, { name: 'traced' })
      const state = provider.createState(initialState())
      for (let number = 1; number <= 5; number++) await step.run(state, batch(number))
      expect(traces).toBe(1)
      expect(logs.filter((line) => line.startsWith("compiled step 'traced'"))).toHaveLength(1)
      await step.run(state, { ...batch(6), x: normal([2, 4], 1), y: normal([2, 3], 1) })
      await step.run(state, batch(7))
      expect(traces).toBe(2)
    })

    it('warns when shapes keep changing', async () => {
      logs.length = 0
      const step = provider.compile((_, { x }) => ({ outputs: { x: tf.mul(x!, 2) } }), { name: 'restless' })
      const state = provider.createState({})
      for (let size = 1; size <= 12; size++) await step.run(state, { x: normal([size], 1) })
      expect(logs.filter((line) => line.includes("'restless' was compiled"))).toHaveLength(1)
      // Eight are kept, the latest used: size 12 among them, size 1 not.
      const compiles = (): number => logs.filter((line) => line.startsWith("compiled step 'restless'")).length
      expect(compiles()).toBe(12)
      await step.run(state, { x: normal([12], 1) })
      expect(compiles()).toBe(12)
      await step.run(state, { x: normal([1], 1) })
      expect(compiles()).toBe(13)
    })

    it('refuses a kernel that it cannot compile by name, and reading inside a step', async () => {
      const state = provider.createState({})
      const unmapped = provider.compile((_, { x }) => ({ outputs: { x: tf.topk(x!, 2).values } }), { name: 'unmapped' })
      expect((await failure(unmapped.run(state, { x: normal([4], 1) }))).message).toContain('TopK')
      const impure = provider.compile((_, { x }) => ({ outputs: { x: tf.mul(x!, tf.mul(x!, 2).dataSync()[0]!) } }), { name: 'impure' })
      expect((await failure(impure.run(state, { x: normal([4], 1) }))).message).toContain("'impure' read the value")
      const fine = provider.compile((_, { x }) => ({ outputs: { x: tf.neg(x!) } }), { name: 'fine' })
      expect((await fine.run(state, { x: scalar(2) })).x!.data[0]).toBe(-2)
    })

    it('runs an unmapped kernel on the reference backend outside a step, with one warning', () => {
      logs.length = 0
      const values = (): number[] => provider.eager(() => [...tf.mul(tf.topk(tf.mul(tf.tensor1d([3, 1, 2]), 2), 2).values, 10).dataSync()])
      expect(values()).toEqual([60, 40])
      expect(values()).toEqual([60, 40])
      expect(logs.filter((line) => line.includes('TopK'))).toHaveLength(1)
    })

    it('does not compile an eager graph again when only values change', () => {
      logs.length = 0
      for (let index = 0; index < 5; index++) {
        const [value] = provider.eager(() => tf.sum(tf.mul(tf.tensor1d([1, 2, index]), tf.scalar(index))).dataSync())
        expect(value).toBe((3 + index) * index)
      }
      expect(logs.filter((line) => line.startsWith('compiled an eager graph')).length).toBe(1)
    })

    it.skipIf(name !== 'onnx-cpu')('tells what a step needs when memory runs out, what to lower, and keeps the state', async () => {
      // The product has 2^46 elements: no address space holds them.
      const rows = 2 ** 23
      const step = provider.compile(({ a }, { x }) => ({ state: { a: tf.add(a!, 1) }, outputs: { sum: tf.sum(tf.tanh(tf.matMul(x!, x!, false, true))) } }), { name: 'vast' })
      const state = provider.createState({ a: scalar(1) })
      const error = await failure(step.run(state, { x: float32(new Float32Array(rows), [rows, 1]) }))
      expect(error).toMatchObject({ code: 'out-of-memory', hint: expect.stringContaining('Lower batchSize') })
      expect(error.message).toMatch(/it needs 5\d{8} MiB/)
      expect([...(await state.read()).a!.data]).toEqual([1])
    })

    // A GPU reads something else where an index lies outside, and does not fail.
    it.skipIf(name === 'onnx-webgpu' || name === 'onnx-cuda')('keeps the state when a run fails inside the session', async () => {
      const step = provider.compile(({ a }, { ids }) => ({ state: { a: tf.add(a!, tf.sum(tf.gather(a!, ids as never))) }, outputs: {} }), { name: 'gather' })
      const state = provider.createState({ a: float32(Float32Array.of(1, 2), [2]) })
      expect((await failure(step.run(state, { ids: int32(Int32Array.of(5), [1]) }))).message).toContain('onnxruntime')
      expect([...(await state.read()).a!.data]).toEqual([1, 2])
      await step.run(state, { ids: int32(Int32Array.of(0, 1), [2]) })
      expect([...(await state.read()).a!.data]).toEqual([4, 5])
    })
  }
})
