import { createRequire } from 'node:module'
import type * as OrtCommon from 'onnxruntime-common'
import type * as OrtBinding from 'onnxruntime-node/dist/binding.js'
import { KinoraError } from '../../../contract/errors.ts'
import { cudaLoadError } from './cuda.ts'
import type { ValueData, ValueType } from './graph.ts'
import { Spinning } from './spinning.ts'

export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml'

export interface SessionOptions {
  readonly provider: ExecutionProvider
  /** 0 takes every core. */
  readonly threads: number
  /** Waiting threads spin: quicker steps for a session that runs all the time, a burden on others for one that does not. */
  readonly isBusy: boolean
  /** What one run holds at most, told when memory runs out. */
  readonly needBytes?: number
  /** Outputs that stay in the GPU's buffers. WebGPU only: the binding knows no other device's. */
  readonly gpuOutputs?: readonly string[]
}

export type OrtValue = OrtCommon.Tensor

interface Runtime {
  readonly InferenceSession: OrtBinding.Binding.InferenceSessionConstructor
  readonly Tensor: OrtCommon.TensorConstructor
  readonly version: string
  readonly backends: readonly string[]
}

let runtime: Runtime | undefined

/**
 * onnxruntime-node's native binding. Its synchronous `run` lets tfjs's `dataSync` work; it is private to the package,
 * whose version package.json therefore pins exactly.
 */
export function loadRuntime(): Runtime {
  if (runtime) return runtime
  const require = createRequire(import.meta.url)
  const { binding, initOrt } = require('onnxruntime-node/dist/binding.js') as typeof OrtBinding
  const common = require('onnxruntime-common') as typeof OrtCommon
  // Warnings about graph rewriting are of no use to the user; errors arrive as exceptions.
  common.env.logLevel = 'fatal'
  initOrt()
  const { version } = require('onnxruntime-node/package.json') as { version: string }
  runtime = { InferenceSession: binding.InferenceSession, Tensor: common.Tensor, version, backends: binding.listSupportedBackends().map(({ name }) => name) }
  return runtime
}

export function ortTensor(dtype: ValueType, data: ValueData, shape: readonly number[]): OrtValue {
  return new (loadRuntime().Tensor)(dtype, data as never, shape)
}

/** Sessions by the values in GPU buffers that they made. */
const makers = new WeakMap<OrtValue, Session>()

/** Lets go of a value in a GPU buffer. */
export function release(value: OrtValue): void {
  value.dispose()
  makers.get(value)?.released()
}

/** One compiled graph. */
export class Session {
  #native: OrtBinding.Binding.InferenceSession
  #isDisposed = false
  readonly #model: Uint8Array
  readonly #options: SessionOptions
  /** Only where several threads of the processor share the work. */
  readonly #spinning: Spinning | null
  #valuesOut = 0
  readonly outputNames: readonly string[]

  constructor(model: Uint8Array, outputNames: readonly string[], options: SessionOptions) {
    this.outputNames = outputNames
    this.#model = model
    this.#options = options
    this.#spinning = options.isBusy && options.provider === 'cpu' && options.threads !== 1 ? new Spinning() : null
    this.#native = this.#prepare()
  }

  #prepare(): OrtBinding.Binding.InferenceSession {
    const { provider, threads, isBusy, needBytes, gpuOutputs = [] } = this.#options
    const native = new (loadRuntime().InferenceSession)()
    try {
      native.loadModel(this.#model.buffer as ArrayBuffer, this.#model.byteOffset, this.#model.byteLength, {
        executionProviders: [provider],
        graphOptimizationLevel: 'all',
        executionMode: 'sequential',
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        enableCpuMemArena: isBusy,
        // A planned block would come on top of the first run's arena: half as much memory again, and no quicker.
        enableMemPattern: false,
        logSeverityLevel: 4,
        ...(gpuOutputs.length > 0 ? { preferredOutputLocation: Object.fromEntries(gpuOutputs.map((name) => [name, 'gpu-buffer' as const])) } : {}),
        extra: { session: { intra_op: { allow_spinning: this.#spinning?.isOn ? '1' : '0' } } },
      })
      return native
    } catch (error) {
      throw runtimeError(error, 'prepare', needBytes)
    }
  }

  /** Runs on the calling thread and blocks it. @throws KinoraError `out-of-memory` or `internal`. */
  run(feeds: Record<string, OrtValue>): Record<string, OrtValue> {
    if (this.#isDisposed) throw new KinoraError('internal', 'This session was let go.', 'Compile the step again.')
    const fetches: Record<string, null> = {}
    for (const name of this.outputNames) fetches[name] = null
    this.#spinning?.begin()
    try {
      const results = this.#native.run(feeds, fetches, {}) as Record<string, OrtValue>
      const gpuOutputs = this.#options.gpuOutputs ?? []
      for (const name of gpuOutputs) makers.set(results[name]!, this)
      this.#valuesOut += gpuOutputs.length
      if (this.#spinning?.end()) this.#replace()
      return results
    } catch (error) {
      throw runtimeError(error, 'run', this.#options.needBytes)
    }
  }

  /** Threads spin or not for a native session's whole life. Results are copies on the processor: none is lost. */
  #replace(): void {
    const old = this.#native
    try {
      this.#native = this.#prepare()
    } catch {
      // No memory for a second one: the first goes on as it is.
      return
    }
    old.dispose()
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    if (this.#valuesOut === 0) this.#native.dispose()
  }

  /** Its values in GPU buffers live from its allocator: the native session stays until the last is let go. */
  released(): void {
    if (--this.#valuesOut === 0 && this.#isDisposed) this.#native.dispose()
  }
}

function runtimeError(error: unknown, doing: string, needBytes?: number): KinoraError {
  const message = withoutSource(error instanceof Error ? error.message : String(error))
  if (/Failed to load shared library/.test(message)) return cudaLoadError(error)
  if (/alloc|out of memory|bad_alloc|cudaMalloc/i.test(message)) {
    return new KinoraError('out-of-memory', `Not enough memory to ${doing} a step${needBytes === undefined ? '' : ` (it needs ${Math.ceil(needBytes / 2 ** 20)} MiB beside its state)`}: ${message}`, 'Lower batchSize, the picture size or the width of the model, or close other programs.', { cause: error })
  }
  return new KinoraError('internal', `onnxruntime could not ${doing} a step: ${message}`, 'This is a bug in Kinora. Please report it with the log; --device cpu works around it.', { cause: error })
}

/** The runtime's words without the file, function and condition of its source that it puts before them: `cause` has all. */
export function withoutSource(message: string): string {
  return message.replace(/\S*\/onnxruntime\/\S+:\d+ .*? was (?:false|true)\.\s*/s, '').trim()
}
