import type { Node, Value } from './graph.ts'

/** A recorded graph in running order, with its structure as text. */
export interface Program {
  readonly nodes: readonly Node[]
  /** Leaves that are fed at each run, in order of first use. */
  readonly inputs: readonly Value[]
  readonly constants: readonly Value[]
  readonly outputs: readonly Value[]
  /** Two programs with equal signatures compute the same function of their inputs, whatever the values. */
  readonly signature: string
}

/** Orders all that `outputs` depend on. Iterative: recorded graphs are deeper than the call stack. */
export function linearise(outputs: readonly Value[]): Program {
  const order: Node[] = []
  const inputs: Value[] = []
  const constants: Value[] = []
  const index = new Map<Value, string>()
  const seen = new Set<Node>()
  const parts: string[] = []

  const visitLeaf = (value: Value): void => {
    if (index.has(value)) return
    if (value.isConstant) {
      index.set(value, `c${constants.length}`)
      constants.push(value)
      parts.push(`c ${value.dtype} ${value.shape.join(',')} ${contentOf(value)}`)
    } else {
      index.set(value, `i${inputs.length}`)
      inputs.push(value)
      parts.push(`i ${value.inputName ?? ''} ${value.dtype} ${value.shape.join(',')}`)
    }
  }

  const finish = (node: Node): void => {
    for (const input of node.inputs) if (input && !input.node) visitLeaf(input)
    node.outputs.forEach((output, port) => index.set(output, `${order.length}.${port}`))
    order.push(node)
    const operands = node.inputs.map((input) => (input ? index.get(input)! : '-')).join(' ')
    parts.push(`${node.domain}${node.op} ${operands} ${attributeText(node)} ${node.outputs.map((output) => output.shape.join(',')).join(';')}`)
  }

  const stack: { node: Node; next: number }[] = []
  const enter = (value: Value): void => {
    if (value.node && !seen.has(value.node)) {
      seen.add(value.node)
      stack.push({ node: value.node, next: 0 })
    }
  }
  for (const output of outputs) {
    if (!output.node) visitLeaf(output)
    enter(output)
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!
      const input = top.node.inputs[top.next++]
      if (input !== undefined) {
        if (input) enter(input)
        continue
      }
      stack.pop()
      finish(top.node)
    }
  }
  parts.push(`o ${outputs.map((output) => index.get(output)!).join(' ')}`)
  return { nodes: order, inputs, constants, outputs, signature: parts.join('\n') }
}

function attributeText(node: Node): string {
  const keys = Object.keys(node.attributes)
  return keys.length === 0 ? '' : JSON.stringify(node.attributes)
}

const contents = new WeakMap<object, string>()

/** Constants are part of the structure: small ones by value, large ones by bytes. */
function contentOf({ data }: Value): string {
  if (!data) return ''
  if (data.length <= 64) return Array.from(data as ArrayLike<number | bigint>, String).join(',')
  let text = contents.get(data)
  if (text === undefined) {
    text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
    contents.set(data, text)
  }
  return text
}
