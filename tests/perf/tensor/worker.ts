// Trains one model on request, in a process of its own so that its peak memory is its own:
//   node worker.ts <model> <threads> <provider>, where `products` is the transformer's matrix products alone; each line "run <n>" on stdin is answered by {"ms": [...]}, "end" by {"peakBytes": ...}.
import { createInterface } from 'node:readline'
import { float32 } from '../../../electron/base/host-tensor.ts'
import { providerNameSchema } from '../../../electron/contract/config.ts'
import { openUntested } from '../../../electron/tensor/registry/open.ts'
import { models, trainingStep } from './models.ts'
import { peakBytes } from './memory.ts'
import { productsOfStep } from './products.ts'

const start = performance.now()
const name = process.argv[2]!
const provider = await openUntested(providerNameSchema.parse(process.argv[4]), { threads: Number(process.argv[3]) })
const { step, state: initial, inputs } = name === 'products' ? { state: {}, ...productsOfStep() } : trainingStep(models[name]!)
const state = provider.createState(initial)
const compiled = provider.compile(step, { name })
let number = 0
async function run(): Promise<{ ms: number; loss: number }> {
  number++
  const before = performance.now()
  const { loss } = await compiled.run(state, { ...inputs, rate: float32(Float32Array.of(1e-3), []), number: float32(Float32Array.of(number), []) })
  return { ms: performance.now() - before, loss: loss!.data[0]! }
}
const first = await run()
const say = (value: object): unknown => process.stdout.write(`${JSON.stringify(value)}\n`)
say({ firstStepS: (performance.now() - start) / 1000, loss: first.loss })
for await (const line of createInterface(process.stdin)) {
  if (line === 'end') break
  const ms: number[] = []
  for (let count = Number(line.split(' ')[1]); count > 0; count--) ms.push((await run()).ms)
  say({ ms })
}
say({ peakBytes: peakBytes() })
process.exit(0)
