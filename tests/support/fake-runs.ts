import { wilson } from '../../electron/base/statistics.ts'
import type { CurveQuery, SeriesWindow } from '../../electron/contract/blob.ts'
import { trainConfigSchema } from '../../electron/contract/config.ts'
import { KinoraError } from '../../electron/contract/errors.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { queueOf } from '../../electron/contract/queue.ts'
import type { ColumnValues, Evaluation, MotionSamples, Preset, RunDetail, RunState, RunSummary, SavedView, TrashedRun } from '../../electron/contract/run.ts'
import { encodePng } from '../../electron/formats/png.ts'
import { meanWindow } from '../../electron/metrics/mean.ts'
import type { Services } from '../../electron/rpc/services.ts'

const metricNames = ['loss/action', 'loss/motion', 'loss/total', 'val/action', 'val/motion', 'lr', 'grad-norm', 'vae/loss', 'epoch']
const totalSteps = 2000

export function evaluationOf(checkpointStep: number, share: number, offset: number): Evaluation {
  const seeds = Array.from({ length: 25 }, (_, index) => 20000 + index)
  const tasks = ['tabletop-goal/push-button', 'tabletop-goal/block-on-plate']
  const rollouts = tasks.flatMap((task, at) => seeds.map((seed, index) => ({ task, seed, success: ((index * 7 + at * 3 + offset) % 25) / 25 < share, steps: 80 + index, reason: ((index * 7 + at * 3 + offset) % 25) / 25 < share ? null : 'step limit' })))
  const count = (chosen: typeof rollouts) => {
    const successes = chosen.filter((one) => one.success).length
    const { low, high } = wilson(successes, chosen.length)
    return { successes, n: chosen.length, low, high }
  }
  return { checkpointStep, seeds, replanSteps: 5, total: count(rollouts), tasks: tasks.map((task) => ({ ...count(rollouts.filter((one) => one.task === task)), task, instruction: task.includes('button') ? 'push the red button' : 'put the red block on the plate' })), rollouts, createdAt: Date.UTC(2026, 10, 22, 12) }
}

function makeRun(index: number, name: string, state: RunState, target: string, step: number, extra: Partial<RunSummary> = {}): RunSummary {
  const isActive = state === 'running'
  return {
    id: `${name.slice(0, 24).replaceAll(/[^\w.-]+/g, '-')}-${index}`, name, path: `/home/ada/.kinora/runs/${name}-${index}`, createdAt: Date.UTC(2026, 10, 20) + index * 3.7e6, datasetId: 'tabletop-demo-8f21', preset: 'nano', motionTarget: target, seed: index % 3,
    status: { state, pid: isActive ? 4711 : null, processStart: isActive ? '1' : null, updatedAt: Date.now(), phase: 'train', step, totalSteps, stepsPerSecond: isActive ? 9.1 : null, etaSeconds: isActive ? (totalSteps - step) / 9.1 : null, provider: 'onnx-cpu', error: null },
    checkpoints: step >= 500 ? Array.from({ length: Math.min(3, Math.floor(step / 500)) }, (_, at) => (Math.floor(step / 500) - at) * 500).reverse() : [],
    lastMetrics: Object.fromEntries(metricNames.filter((metric) => target !== 'none' || !/motion|vae/.test(metric)).map((metric, at) => [metric, valueAt(index, at, Math.max(1, step))])),
    tags: [],
    notes: '',
    groupKey: `${name.replace(/-s\d+$/, '')}-${target}`,
    evaluation: null,
    ...extra,
  }
}

function valueAt(seed: number, metric: number, step: number): number {
  const noise = Math.sin(step * 12.9898 + seed * 78.233 + metric * 3.1) * 43758.5453
  return (0.9 - metric * 0.06) * Math.exp(-step / (420 + 60 * seed)) + 0.1 + 0.02 * (seed % 4) + 0.05 * (noise - Math.floor(noise) - 0.5)
}

/** What a failed run logs beside the usual: the first loss ends in NaN, the second has a spike and a zero. */
function failing(metric: number, step: number): number | null {
  if (metric === 0 && step > 600) return Number.NaN
  return metric === 1 ? ({ 300: 40, 301: 0 }[step] ?? null) : null
}

const sampleFrames = ['agentview', 'robot0_eye_in_hand'].map((camera) => ({ camera, instruction: 'put the red block on the plate', words: null }))
const sampleSizePx = 8

function samplesOf({ motionTarget, status }: RunSummary): MotionSamples[] {
  if (motionTarget === 'none') return []
  return Array.from({ length: Math.floor(status.step / 500) }, (_, index) => ({ step: 500 * (index + 1), sizePx: sampleSizePx, frames: sampleFrames }))
}

/** Grey is what was seen, green what truly moved, and the red of what is predicted is redder at later steps. */
function sampleSheet(run: RunSummary, step: number): Uint8Array {
  if (!samplesOf(run).some((sample) => sample.step === step)) throw new KinoraError('not-found', `Nothing was imagined at step ${step}.`, 'Ask for a step that there is.')
  const [width, height] = [sampleFrames.length * sampleSizePx, 3 * sampleSizePx]
  const colours = [[128, 128, 128], [0, 200, 0], [55 + step / 10, 0, 0]]
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => colours[Math.floor(at / (width * sampleSizePx * 3))]![at % 3]!)
  return encodePng({ width, height, data })
}

const configOf = (run: RunSummary) => trainConfigSchema.parse({ data: { dataset: run.datasetId }, seed: run.seed, motion: { target: run.motionTarget, lambda: run.name.includes('lambda-0.3') ? 0.3 : 1 }, steps: totalSteps })

export class FakeRuns {
  readonly #runs = new Map<string, { run: RunSummary; seed: number; evaluations: Evaluation[] }>()
  readonly #fire: (event: KinoraEvent) => void
  readonly #timer: NodeJS.Timeout

  constructor(scene: 'full' | 'empty' | 'many', fire: (event: KinoraEvent) => void) {
    this.#fire = fire
    if (scene === 'many') {
      const states: RunState[] = ['finished', 'finished', 'stopped', 'failed', 'crashed', 'queued']
      for (let index = 0; index < 10_000; index++) this.#add(makeRun(index, `sweep-${index}`, states[index % states.length]!, index % 3 === 0 ? 'none' : 'motion-image', index % totalSteps), index, [])
    } else if (scene === 'full') this.#fill()
    this.#timer = setInterval(() => this.#tick(), 500)
  }

  #fill(): void {
    const evaluated = (share: number, offset: number) => [evaluationOf(2000, share, offset)]
    const failed = { code: 'numerics' as const, message: 'loss/action became NaN at step 612, in the batch of episodes 3 and 17.', hint: 'Lower the learning rate, or resume from step 500.' }
    const crash = { code: 'engine-crashed' as const, message: 'The process of the run vanished: killed by signal 9.', hint: 'Another program, or the system when memory ran out, ended it.' }
    this.#add(makeRun(1, 'demo-joint', 'finished', 'motion-image', 2000), 1, evaluated(0.78, 0))
    this.#add(makeRun(2, 'demo-action', 'finished', 'none', 2000), 2, evaluated(0.62, 4))
    this.#add(makeRun(3, 'joint-lambda-0.3', 'paused', 'motion-image', 1240), 3, [])
    this.#add(makeRun(4, 'joint-horizon-10-with-a-really-long-name-from-a-sweep-over-horizons', 'stopped', 'motion-image', 800), 4, [])
    const crashed = makeRun(5, 'joint-lr-3e-3', 'crashed', 'motion-image', 1411)
    this.#add({ ...crashed, status: { ...crashed.status, error: crash, passedOver: [{ name: 'onnx-webgpu', reason: 'Its test process was ended by SIGABRT.' }] } }, 5, [])
    const bad = makeRun(6, 'joint-lr-1e-2', 'failed', 'motion-image', 612)
    this.#add({ ...bad, lastMetrics: { ...bad.lastMetrics, 'loss/action': null }, status: { ...bad.status, error: failed } }, 6, [])
    this.#add(makeRun(7, 'joint-s2', 'running', 'motion-image', 900), 7, [])
    this.#add(makeRun(8, 'action-s2', 'queued', 'none', 0), 8, [])
  }

  #add(run: RunSummary, seed: number, evaluations: Evaluation[]): void {
    const last = evaluations.at(-1)
    this.#runs.set(run.id, { run: { ...run, evaluation: last === undefined ? null : { checkpointStep: last.checkpointStep, total: last.total } }, seed, evaluations })
  }

  /** Advances what runs, as a live run would. */
  #tick(): void {
    for (const entry of this.#runs.values()) {
      if (entry.run.status.state !== 'running' || entry.run.status.step >= totalSteps) continue
      const step = Math.min(totalSteps, entry.run.status.step + 5)
      this.change(entry.run.id, { step, etaSeconds: (totalSteps - step) / 9.1 })
      this.#fire({ type: 'metrics-appended', id: entry.run.id, step, names: Object.keys(entry.run.lastMetrics) })
    }
  }

  change(id: string, status: Partial<RunSummary['status']>): RunSummary {
    const entry = this.#entry(id)
    entry.run = { ...entry.run, status: { ...entry.run.status, ...status, updatedAt: Date.now() } }
    this.#fire({ type: 'run-changed', run: entry.run })
    return entry.run
  }

  #entry(id: string) {
    const entry = this.#runs.get(id)
    if (entry === undefined) throw new KinoraError('not-found', `There is no run "${id}".`, 'Look at the list of runs.')
    return entry
  }

  readonly list: Services['runs']['list'] = async () => [...this.#runs.values()].map(({ run }) => run)
  readonly get: Services['runs']['get'] = async (id): Promise<RunDetail> => {
    const { run, evaluations } = this.#entry(id)
    const config = configOf(run)
    const log = Array.from({ length: 60 }, (_, index) => `2026-11-22 12:${String(index).padStart(2, '0')}:00 ${index === 41 ? 'warning' : 'info   '} step ${index * 33}: loss/action ${valueAt(1, 0, index * 33 + 1).toFixed(4)}`)
    return { ...run, config, metricNames: Object.keys(run.lastMetrics), evaluations, log, samples: samplesOf(run) }
  }
  readonly presets: Services['runs']['presets'] = async (): Promise<Preset[]> => [
    { name: 'nano', title: 'Nano', description: 'About 1 M parameters, minutes on a laptop without a GPU.', config: { preset: 'nano' }, parameterCounts: { backbone: 482_000, action: 391_000, motion: 702_000, vae: 210_000 } },
    { name: 'small', title: 'Small', description: 'Patch tokens and pi0.5 time conditioning; wants a GPU.', config: { preset: 'small', backbone: { stem: 'patch', width: 256, depth: 6, heads: 8 } }, parameterCounts: { backbone: 6.1e6, action: 5.2e6, motion: 9.4e6, vae: 1.2e6 } },
  ]
  readonly estimate: Services['runs']['estimate'] = async (config, tries) => ({
    parameters: { backbone: 430_000, action: 366_000, motion: 262_000, vae: 70_000 },
    flopsPerStep: 5.96e9,
    memory: { programBytes: 257e6, weightsBytes: 8.5e6, optimiserBytes: 8.5e6, copyBytes: 17e6, activationBytes: 92e6, dataBytes: 210e6, totalBytes: 690e6, availableBytes: 9.2e9 },
    disk: { checkpointBytes: 17.2e6, autoencoderBytes: 0.1e6, cacheBytes: 0.1e6, totalBytes: 68.9e6, freeBytes: 212e9 },
    time: { secondsPerStep: 0.121, secondsPerVaeStep: 0.038, totalSeconds: 261, provider: 'onnx-cpu', basis: tries ? 'trial' : 'speed', asRun: null },
    largestBatch: 3100,
    shortages: trainConfigSchema.parse(config).batchSize > 3100 ? [{ of: 'memory', message: 'Training takes about 91.2 GB of memory, and 9.2 GB are available.', hint: 'Lower batchSize to 3100.' }] : [],
  })
  readonly create: Services['runs']['create'] = async (name, config, ignoresMemory) => {
    const whole = trainConfigSchema.parse(config)
    const made = makeRun(this.#runs.size + 1, name, 'queued', whole.motion.target, 0, { seed: whole.seed })
    const run = { ...made, status: { ...made.status, ...(ignoresMemory === true && { ignoresMemory }) } }
    this.#add(run, this.#runs.size + 1, [])
    this.#fire({ type: 'run-changed', run })
    return run
  }
  readonly pause: Services['runs']['pause'] = async (id) => this.change(id, { state: 'paused', stepsPerSecond: null, etaSeconds: null })
  readonly resume: Services['runs']['resume'] = async (id) => this.change(id, { state: 'running', error: null, stepsPerSecond: 9.1 })
  readonly stop: Services['runs']['stop'] = async (id) => this.change(id, { state: 'stopped', stepsPerSecond: null, etaSeconds: null })
  readonly #trash = new Map<string, TrashedRun & { readonly entry: { run: RunSummary; seed: number; evaluations: Evaluation[] } }>()
  #views: SavedView[] = []
  #order: readonly string[] = []

  readonly annotate: Services['runs']['annotate'] = async (id, change) => {
    const entry = this.#entry(id)
    entry.run = { ...entry.run, ...change }
    this.#fire({ type: 'run-changed', run: entry.run })
    return entry.run
  }
  readonly remove: Services['runs']['remove'] = async (id) => {
    const entry = this.#entry(id)
    if (entry.run.status.state === 'running') throw new KinoraError('usage', `Run ${id} is running and cannot be deleted.`, 'Stop it first.')
    const trashed = { id, name: entry.run.name, deletedAt: Date.now(), bytes: 48_000_000 }
    this.#trash.set(id, { ...trashed, entry })
    this.#runs.delete(id)
    this.#fire({ type: 'run-removed', id })
    return trashed
  }
  readonly restore: Services['runs']['restore'] = async (id) => {
    const trashed = this.#trash.get(id)
    if (trashed === undefined) throw new KinoraError('not-found', `Run ${id} is not in the trash.`, 'It may have been deleted for good.')
    this.#trash.delete(id)
    this.#runs.set(id, trashed.entry)
    this.#fire({ type: 'run-changed', run: trashed.entry.run })
    return trashed.entry.run
  }
  readonly trash: Services['runs']['trash'] = async () => [...this.#trash.values()].map(({ entry: _entry, ...rest }) => rest)
  readonly emptyTrash: Services['runs']['emptyTrash'] = async (ids) => {
    let freedBytes = 0
    for (const [id, { bytes }] of this.#trash) if ((ids === null || ids.includes(id)) && this.#trash.delete(id)) freedBytes += bytes
    return { freedBytes }
  }
  readonly queue: Services['runs']['queue'] = async () => queueOf(await this.list(), this.#order).map(({ id }) => id)
  readonly reorder: Services['runs']['reorder'] = async (ids) => {
    this.#order = ids
    const queue = await this.queue()
    this.#fire({ type: 'queue-changed', ids: queue })
    return queue
  }
  readonly values: Services['runs']['values'] = async (columns, ids) => {
    const wanted = ids ?? [...this.#runs.keys()]
    return Object.fromEntries(columns.map((column): [string, ColumnValues[string]] => {
      const metric = /^(min|max|best|last):(.*)$/.exec(column)
      return [column, Object.fromEntries(wanted.flatMap((id): [string, number | string | null][] => {
        const entry = this.#runs.get(id)
        if (entry === undefined) return []
        if (metric !== null) return metric[2]! in entry.run.lastMetrics ? [[id, valueAt(entry.seed, metricNames.indexOf(metric[2]!), metric[1] === 'max' ? 1 : entry.run.status.step + 40)]] : []
        let value: unknown = configOf(entry.run)
        for (const key of column.replace(/^config\./, '').split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
        return value === undefined ? [] : [[id, typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value)]]
      }))]
    }))
  }
  readonly views: Services['runs']['views'] = async () => this.#views
  readonly saveViews: Services['runs']['saveViews'] = async (views) => (this.#views = [...views])
  readonly log: Services['runs']['log'] = async (id, query, before, limit) => {
    const lines = (await this.get(id)).log.map((text, index) => ({ offset: index * 100, text }))
    const found = query === '' ? lines : lines.filter(({ text }) => text.toLowerCase().includes(query.toLowerCase()))
    const earlier = found.filter(({ offset }) => before === null || offset < before)
    return { lines: earlier.slice(-limit), matches: query === '' ? null : found.length, bytes: lines.length * 100, hasEarlier: earlier.length > limit }
  }
  readonly importMetrics: Services['runs']['importMetrics'] = async (path) => {
    throw new KinoraError('not-found', `There is nothing at ${path}.`, 'Give the path on the machine that Kinora runs on.')
  }
  readonly csv: Services['runs']['csv'] = async (ids, metric) => `run,step,time,${metric}\r\n${ids.map((id) => `${id},1,,0.5\r\n`).join('')}`
  readonly samples: Services['runs']['samples'] = async (id, step) => sampleSheet(this.#entry(id).run, step)
  readonly exportPolicy: Services['runs']['exportPolicy'] = async (id) => {
    const parity = { n: 16, maxAbsError: 2.98e-8, meanAbsError: 2.7e-9, minCosine: 1, meanCosine: 1 }
    return { path: `/home/ada/.kinora/exports/${this.#entry(id).run.id}-1`, checkpointStep: 2000, random: parity, dataset: parity, datasetNote: null }
  }
  readonly exported: Services['runs']['exported'] = async (id, format) => new TextEncoder().encode(`${id} as ${format}`)

  readonly curves: Services['runs']['curves'] = async (query) => query.lines.map((ids) => {
    const windows = ids.filter((id) => this.#runs.has(id)).map((id) => this.#window(id, query))
    if (windows.length === 0) return { totalPoints: 0, steps: new Float64Array(), values: new Float64Array(), smoothed: new Float64Array() }
    return windows.length === 1 ? windows[0]! : meanWindow(windows.map(({ steps, values, smoothed }) => ({ x: steps, values, smoothed })), query.widthPx, query.from, query.to)
  })

  #window(id: string, { metric, widthPx, from, to, axis }: CurveQuery): SeriesWindow {
    const { run, seed } = this.#entry(id)
    if (axis === 'epoch' && run.preset === 'imported') return { totalPoints: -1, steps: new Float64Array(), values: new Float64Array(), smoothed: new Float64Array() }
    const perStep = axis === 'epoch' ? 0.01 : axis === 'relative' ? 0.11 : axis === 'wall' ? 110 : 1
    const origin = axis === 'wall' ? run.createdAt : 0
    const first = Math.max(1, Math.ceil(((from ?? -Infinity) - origin) / perStep))
    const last = Math.min(run.status.step, Math.floor(((to ?? Infinity) - origin) / perStep))
    const total = Math.max(0, last - first + 1)
    const stride = Math.max(1, Math.ceil(total / (2 * widthPx)))
    const steps = Float64Array.from({ length: Math.ceil(total / stride) }, (_, at) => first + at * stride)
    const at = metricNames.indexOf(metric)
    const values = steps.map((step) => (run.status.state === 'failed' ? failing(at, step) : null) ?? valueAt(seed, at, step))
    let weight = 0
    let mean = 0
    const smoothed = values.map((value) => {
      if (Number.isFinite(value)) {
        weight = 0.95 * weight + 0.05
        mean = 0.95 * mean + 0.05 * value
      }
      return mean / weight
    })
    return { totalPoints: total, steps: steps.map((step) => origin + step * perStep), values, smoothed }
  }

  dispose(): void {
    clearInterval(this.#timer)
  }
}
