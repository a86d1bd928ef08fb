import { totalmem } from 'node:os'
import type { HostTensor, HostTensors, TensorForm, TensorForms } from '../../../base/host-tensor.ts'
import { KinoraError } from '../../../contract/errors.ts'
import type { CompiledStep, CompileOptions, StepFunction } from '../../provider.ts'
import { unknownState } from '../cpu/provider.ts'
import { firstNonFinite, numericsError } from '../finite.ts'
import type { OnnxBackend } from './backend.ts'
import { concat, reduce, reshape } from './build.ts'
import { costOf, type ProgramCost } from './cost.ts'
import { emit } from './emit.ts'
import type { Value, ValueData } from './graph.ts'
import { linearise } from './linearise.ts'
import { recordStep } from './record.ts'
import { ortTensor, Session, type OrtValue, type SessionOptions } from './session.ts'
import { isOnGpu, type StepState } from './state.ts'

interface Trace {
  readonly session: Session
  /** What a run holds at most beside the state: the session's arena keeps it. */
  readonly bytes: number
  /** Feed name of each state tensor and each input that the graph uses. */
  readonly stateFeeds: readonly (readonly [name: string, feed: string])[]
  readonly inputFeeds: readonly (readonly [name: string, feed: string])[]
  readonly outputs: readonly Result[]
  readonly nextState: readonly Result[]
  /** Vector of one sum of magnitudes per float tensor, with those tensors' kinds and names. */
  readonly check: { readonly output: string; readonly names: readonly (readonly ['output' | 'state', string])[] } | null
}

interface Result {
  readonly name: string
  readonly output: string
  readonly dtype: HostTensor['dtype']
  readonly shape: readonly number[]
}

/** Sets of input shapes kept compiled at once: so many, and so much of the machine's memory. */
const maxTraces = 8
const maxBytes = totalmem() / 4
const warnAtTraces = 5

/**
 * Operators of fewer operations than this on average are done before another core has heard of them: the step then runs
 * on one thread, and leaves the others to whoever plays the world. Measured on two cores, chunks of actions, one thread
 * against two (medians of two rounds): pico 2.5 ms against 2.8 and nano 5.7 against 5.4 to 7.6 (30,000 and 65,000 operations an operator);
 * four observations of pico 6.6 against 6.0 (116,000), tiny 34 against 24 (300,000). The number of threads changes no bit.
 */
const worthSharing = 100_000

export const threadsFor = ({ flops, operators }: Pick<ProgramCost, 'flops' | 'operators'>, wish: number): number => (flops < worthSharing * operators ? 1 : wish)

/** A step as one session: traced once per set of shapes, then only fed and run. */
export class OnnxStep implements CompiledStep {
  readonly #step: StepFunction
  readonly #options: CompileOptions
  readonly #backend: OnnxBackend
  readonly #backendName: string
  readonly #session: SessionOptions
  readonly #traces = new Map<string, Trace>()
  #compiles = 0

  constructor(step: StepFunction, options: CompileOptions, backend: OnnxBackend, backendName: string, session: SessionOptions) {
    this.#step = step
    this.#options = options
    this.#backend = backend
    this.#backendName = backendName
    this.#session = session
  }

  async run(state: StepState, inputs: Record<string, HostTensor>): Promise<HostTensors> {
    const states = Object.fromEntries(state.entries())
    const trace = this.#traceFor(states, inputs)
    const feeds: Record<string, OrtValue> = {}
    for (const [name, feed] of trace.stateFeeds) feeds[feed] = state.feed(name)
    for (const [name, feed] of trace.inputFeeds) feeds[feed] = feedOf(name, inputs[name]!)
    // The run blocks this thread: let what waits (messages, timers) go first.
    await new Promise((resolve) => setImmediate(resolve))
    const results = trace.session.run(feeds)
    const outputs: HostTensors = Object.fromEntries(trace.outputs.map(({ name, output, dtype, shape }) => [name, { dtype, shape, data: results[output]!.data } as HostTensor]))
    const next = new Map(trace.nextState.map(({ name, output }) => [name, results[output]!]))
    try {
      if (trace.check) {
        const sums = results[trace.check.output]!.data as Float32Array
        this.#checkFinite(trace.check.names, sums, (kind, name) => (kind === 'output' ? outputs[name]! : state.toHost(name, next.get(name)!)))
      }
    } catch (error) {
      state.refuse([...next])
      throw error
    }
    state.take([...next])
    return outputs
  }

  dispose(): void {
    for (const { session } of this.#traces.values()) session.dispose()
    this.#traces.clear()
  }

  #checkFinite(names: readonly (readonly ['output' | 'state', string])[], sums: Float32Array, valuesOf: (kind: 'output' | 'state', name: string) => HostTensor): void {
    // Magnitudes of finite values may add up to infinity: only a value itself convicts a tensor.
    for (let index = 0; index < sums.length; index++) {
      if (Number.isFinite(sums[index]!)) continue
      const [kind, name] = names[index]!
      const tensor = valuesOf(kind, name)
      const at = firstNonFinite(tensor)
      if (at >= 0) throw numericsError(this.#options.name, kind, name, tensor.data[at]!)
    }
  }

  #traceFor(state: TensorForms, inputs: TensorForms): Trace {
    const key = signatureOf(state) + '|' + signatureOf(inputs)
    const known = this.#traces.get(key)
    if (known) {
      if (this.#traces.size > 1) {
        this.#traces.delete(key)
        this.#traces.set(key, known)
      }
      return known
    }
    const trace = this.#compile(state, inputs)
    this.#traces.set(key, trace)
    this.#evict()
    return trace
  }

  /** Lets go of what was used longest ago; the newest stays whatever it holds. */
  #evict(): void {
    let bytes = [...this.#traces.values()].reduce((sum, trace) => sum + trace.bytes, 0)
    for (const [key, trace] of this.#traces) {
      if (this.#traces.size === 1 || (this.#traces.size <= maxTraces && bytes <= maxBytes)) return
      trace.session.dispose()
      this.#traces.delete(key)
      bytes -= trace.bytes
    }
  }

  #compile(state: TensorForms, inputs: TensorForms): Trace {
    const start = performance.now()
    const { name, checkFinite } = this.#options
    const recorded = recordStep(this.#backend, this.#backendName, name, this.#step, state, inputs)
    const results = [...recorded.outputs.map((entry) => ['output', ...entry] as const), ...recorded.nextState.map((entry) => ['state', ...entry] as const)]
    for (const [kind, key, value] of results) {
      if (kind === 'state' && !(key in state)) throw unknownState(name, key)
      const own = state[key]
      if (kind === 'state' && own && (own.dtype !== value.dtype || String(own.shape) !== String(value.shape))) {
        throw new KinoraError('internal', `Step '${name}' returned state '${key}' as ${value.dtype} [${value.shape.join(', ')}] for ${own.dtype} [${own.shape.join(', ')}].`, 'A step must return each state tensor with the shape and dtype that it came with.')
      }
    }
    const floats = checkFinite ? results.filter(([, , value]) => value.dtype === 'float32' && value.size > 0) : []
    const check = floats.length > 0 ? concat(floats.map(([, , value]) => reshape(magnitude(value), [1])), 0) : null
    const program = linearise([...results.map(([, , value]) => value), ...(check ? [check] : [])])
    const { bytes, inputNames, outputNames } = emit(program)
    const cost = costOf(program)
    const needBytes = cost.peakBytes
    const { provider, threads } = this.#session
    const traced = performance.now()
    // What the state keeps on the GPU stays there.
    const gpuOutputs = provider === 'webgpu' ? results.flatMap(([kind, , value], index) => (kind === 'state' && isOnGpu(value as TensorForm) ? [outputNames[index]!] : [])) : []
    const session = new Session(bytes, outputNames, { ...this.#session, threads: provider === 'cpu' ? threadsFor(cost, threads) : threads, needBytes, gpuOutputs })
    this.#compiles++
    const ms = (since: number): number => Math.round(performance.now() - since)
    this.#backend.log('info', `compiled step '${name}': ${program.nodes.length} operators, traced in ${Math.round(traced - start)} ms, prepared in ${ms(traced)} ms, at most ${(needBytes / 2 ** 20).toFixed(0)} MiB beside its state`)
    if (this.#compiles === warnAtTraces) {
      this.#backend.log('warning', `Step '${name}' was compiled ${this.#compiles} times: its input shapes keep changing (now ${signatureOf(inputs)}). Pad the batches to one shape.`)
    }
    const feedNames = new Map(program.inputs.map((value, index) => [value, inputNames[index]!]))
    const feeds = (values: ReadonlyMap<string, Value>): (readonly [string, string])[] => [...values].flatMap(([key, value]) => (feedNames.has(value) ? [[key, feedNames.get(value)!] as const] : []))
    const result = ([, key, value]: (typeof results)[number], index: number): Result => ({ name: key, output: outputNames[index]!, dtype: value.dtype as HostTensor['dtype'], shape: value.shape })
    const all = results.map(result)
    return {
      session,
      bytes: needBytes,
      stateFeeds: feeds(recorded.stateLeaves),
      inputFeeds: feeds(recorded.inputLeaves),
      outputs: all.slice(0, recorded.outputs.length),
      nextState: all.slice(recorded.outputs.length),
      check: check ? { output: outputNames[outputNames.length - 1]!, names: floats.map(([kind, key]) => [kind, key] as const) } : null,
    }
  }
}

function magnitude(value: Value): Value {
  return reduce('ReduceL1', value, [...value.shape.keys()], false)
}

function signatureOf(tensors: TensorForms): string {
  let text = ''
  for (const name in tensors) text += `${name}:${tensors[name]!.dtype}[${tensors[name]!.shape.join(',')}] `
  return text
}

function feedOf(name: string, { dtype, data, shape }: HostTensor): OrtValue {
  const size = shape.reduce((product, extent) => product * extent, 1)
  if (data.length !== size) throw new KinoraError('internal', `Tensor '${name}' of shape [${shape.join(', ')}] needs ${size} values, got ${data.length}.`, 'Shape and data of an input must agree.')
  return ortTensor(dtype, data as ValueData, shape)
}
