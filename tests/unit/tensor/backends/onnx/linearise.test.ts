import { describe, expect, it } from 'vitest'
import { add, expand, fill, mul, reshape, transpose } from '../../../../../electron/tensor/backends/onnx/build.ts'
import { constant, leaf, scalar, type Value } from '../../../../../electron/tensor/backends/onnx/graph.ts'
import { linearise } from '../../../../../electron/tensor/backends/onnx/linearise.ts'

const input = (shape: number[], first = 0): Value => leaf('float32', shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => first + index))

describe('linearise', () => {
  it('orders nodes before their consumers, each once', () => {
    const x = input([3])
    const shared = mul(x, x)
    const program = linearise([add(add(shared, shared), mul(shared, x))])
    const position = new Map(program.nodes.flatMap((node, index) => node.outputs.map((output) => [output, index] as const)))
    expect(program.nodes).toHaveLength(4)
    program.nodes.forEach((node, index) => node.inputs.forEach((value) => value?.node && expect(position.get(value)!).toBeLessThan(index)))
    expect(program.inputs).toEqual([x])
  })

  it('gives graphs of one structure one signature, whatever the fed values', () => {
    const graph = (first: number): string => linearise([add(mul(input([2, 2], first), scalar(3)), input([2], first))]).signature
    expect(graph(1)).toBe(graph(100))
  })

  it('tells graphs apart by operand order, constants, attributes, shapes, sharing and outputs', () => {
    const [a, b] = [input([2, 2]), input([2, 2])]
    const big = (last: number): Value => constant('float32', [100], new Float32Array(100).fill(1).map((each, index) => (index === 99 ? last : each)))
    const signatures = [
      linearise([add(a, b)]),
      linearise([add(b, mul(a, a))]),
      linearise([add(mul(a, a), b)]),
      linearise([add(a, a)]),
      linearise([mul(a, scalar(2))]),
      linearise([mul(a, scalar(2.0000002))]),
      linearise([transpose(a, [1, 0])]),
      linearise([reshape(a, [4])]),
      linearise([add(input([100]), big(1))]),
      linearise([add(input([100]), big(2))]),
      linearise([add(a, b), a]),
      linearise([a, add(a, b)]),
    ].map(({ signature }) => signature)
    expect(new Set(signatures).size).toBe(signatures.length)
  })

  it('follows chains deeper than the call stack', () => {
    let x = input([1])
    for (let depth = 0; depth < 20_000; depth++) x = add(x, scalar(1.5))
    expect(linearise([x]).nodes).toHaveLength(20_000)
  })
})

describe('build', () => {
  it('records nothing for what changes nothing', () => {
    const x = input([2, 3])
    expect(add(x, fill([2, 3], 0))).toBe(x)
    expect(mul(fill([], 1), x)).toBe(x)
    expect(reshape(x, [2, 3])).toBe(x)
    expect(transpose(x, [0, 1])).toBe(x)
    expect(add(input([3]), fill([2, 3], 0)).shape).toEqual([2, 3])
  })

  it('hands elementwise consumers the unstretched operand', () => {
    const small = input([1, 3])
    const sum = add(expand(small, [2, 3]), input([2, 3]))
    expect(sum.node!.inputs[0]).toBe(small)
    expect(add(expand(small, [2, 3]), small).node!.inputs[0]!.shape).toEqual([2, 3])
  })

  it('refuses shapes that do not broadcast, by op and shapes', () => {
    expect(() => add(input([2, 3]), input([4]))).toThrow('Add: got shapes [2, 3] and [4], expected shapes that broadcast.')
  })
})
