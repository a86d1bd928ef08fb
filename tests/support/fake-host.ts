/**
 * The real HTTP, WebSocket and policy of the headless host over generated data, so that the page can be looked at and
 * tested in states that are slow to reach for real: a live run, a crash, NaN, long names, 10,000 runs, nothing at all.
 * Nothing here stands in for a part under test of another room.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Emitter } from '../../electron/base/event.ts'
import { describeDataset } from '../../electron/dataset/describe.ts'
import { KinoraError } from '../../electron/contract/errors.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import type { HostSettings } from '../../electron/contract/system.ts'
import { DatasetMarksStore } from '../../electron/host/dataset-marks.ts'
import { Audience } from '../../electron/rpc/audience.ts'
import { Gate } from '../../electron/host/gate.ts'
import { serveHttp } from '../../electron/host/http-server.ts'
import { silentLog } from '../../electron/platform/log.ts'
import { resolveHome } from '../../electron/platform/paths.ts'
import type { Services } from '../../electron/rpc/services.ts'
import { fakeDatasets, fakeEpisode, fakeFrame, fakeFrames, fakeMotion, fakeNumbers, sizePx } from './fake-data.ts'
import { FakeAblations } from './fake-ablations.ts'
import { FakeEvaluations } from './fake-evaluations.ts'
import { FakeReplays, type FakeReplayOptions } from './fake-replays.ts'
import { fakeSimulations } from './fake-simulations.ts'
import { FakeRuns } from './fake-runs.ts'

export interface FakeHostOptions {
  /** `full`: the demo's data and more. `empty`: nothing. `many`: 10,000 runs. */
  readonly scene?: 'full' | 'empty' | 'many'
  readonly port?: number
  readonly pageRoot?: string
  readonly replays?: FakeReplayOptions
}

export interface FakeHost {
  readonly url: string
  /** One more address with a token of its own. */
  newUrl(): string
  readonly port: number
  readonly services: Services
  readonly runs: FakeRuns
  readonly replays: FakeReplays
  fire(event: KinoraEvent): void
  /** Cuts every connection and refuses new ones until called with false. */
  refuse(isRefusing: boolean): void
  close(): Promise<void>
}

const notFound = (what: string): never => {
  throw new KinoraError('not-found', `There is no ${what}.`, 'Look at the list.')
}

export async function startFakeHost(options: FakeHostOptions = {}): Promise<FakeHost> {
  const scene = options.scene ?? 'full'
  const events = new Emitter<KinoraEvent>()
  const fire = (event: KinoraEvent) => events.fire(event)
  const runs = new FakeRuns(scene, fire)
  const replays = new FakeReplays(fire, options.replays)
  const simulations = fakeSimulations()
  const evaluations = new FakeEvaluations(runs, fire, scene === 'empty')
  const ablations = new FakeAblations(runs, fire, scene === 'empty')
  const datasets = scene === 'empty' ? [] : fakeDatasets()
  const folder = mkdtempSync(join(tmpdir(), 'kinora-fake-host-'))
  const marks = new DatasetMarksStore(resolveHome(folder))
  const datasetOf = (id: string) => datasets.find((dataset) => dataset.id === id) ?? notFound(`dataset "${id}"`)

  let settings: HostSettings = { device: 'auto', rendering: 'auto', trashDays: 30, nextHome: '' }
  const services: Services = {
    system: {
      settings: async () => settings,
      configure: async (change) => (settings = { ...settings, ...change }),
      info: async () => ({ version: '0.1.0', home: '/home/ada/.kinora', host: 'headless', engine: 'ready', memoryBytes: 16.6e9, freeMemoryBytes: 9.2e9, homeFreeBytes: 212e9 }),
      doctor: async () => ({
        kinora: '0.1.0', node: '24.21.0', platform: 'Linux 6.1 x64', cpu: 'Some CPU @ 2.4 GHz', cores: 8, memoryBytes: 16.6e9, home: '/home/ada/.kinora', homeFreeBytes: 212e9, chosen: 'onnx-cpu',
        optionalParts: [{ name: '@tensorflow/tfjs-node-gpu', isPresent: false, detail: 'not installed; needs Linux and CUDA 11.8' }],
        providers: [
          { name: 'tensorflow-gpu', status: 'missing', version: null, deviceName: null, memoryBytes: null, selfTestError: null, gflops: null, testedAt: null, reason: 'The package @tensorflow/tfjs-node-gpu is not installed.', hint: 'npm install @tensorflow/tfjs-node-gpu@4.22.0, with an NVIDIA driver and CUDA 11.8.' },
          { name: 'onnx-webgpu', status: 'failed', version: '1.30.0', deviceName: null, memoryBytes: null, selfTestError: null, gflops: null, testedAt: null, reason: 'No adapter: the driver offers no Vulkan device.', hint: 'Install a Vulkan driver of your GPU.' },
          { name: 'onnx-cpu', status: 'ready', version: '1.30.0', deviceName: 'CPU, 2 threads', memoryBytes: null, selfTestError: 2.4e-7, gflops: 61.3, testedAt: '2026-03-02T09:14:00.000Z', reason: null, hint: null },
          { name: 'cpu', status: 'ready', version: '4.22.0', deviceName: 'CPU', memoryBytes: null, selfTestError: 1.1e-7, gflops: 0.4, testedAt: '2026-03-02T09:14:00.000Z', reason: 'Ready, but onnx-cpu comes before it.', hint: null },
        ],
      }),
    },
    datasets: {
      list: async () => datasets.map(({ features: _features, episodes: _episodes, problems: _problems, ...summary }) => summary),
      get: async (id) => datasetOf(id),
      add: async (path) => {
        throw new KinoraError('dataset-invalid', `${path} is not a dataset: neither meta/info.json nor meta/tasks.parquet is there.`, 'Give the folder that holds meta/ and data/.')
      },
      statistics: async (id) => describeDataset(fakeNumbers(datasetOf(id))),
      motionHealth: async (id) => notFound(`flow in ${id}`),
      flow: async (id, episode, camera, frame, query) => (datasetOf(id).episodes.length > 100 ? null : fakeMotion(episode, camera, frame, query.horizonSteps)),
      episode: async (id, episode) => fakeEpisode(datasetOf(id), episode),
      marks: async (id) => marks.read({ id, fingerprint: null }),
      mark: async (id, changes) => marks.change({ id, fingerprint: null }, changes),
      frames: (id, query) => fakeFrames(datasetOf(id), query, (options.replays?.sizePx ?? sizePx) / sizePx),
      frame: async (id, episode, camera, frame, format) => fakeFrame(datasetOf(id), episode, camera, frame, format),
    },
    runs,
    replays,
    evaluations,
    ablations,
    simulations,
    reports: {
      create: async (runIds) => ({ id: runIds.join('-').slice(0, 80), path: '/home/ada/.kinora/reports/review.html' }),
      read: async (id) => `<!doctype html><title>${id}</title><h1>Report</h1>`,
    },
    onEvent: events.event,
    audience: new Audience(),
  }

  const gate = new Gate()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  serveHttp(server, { services, gate, pageRoot: options.pageRoot ?? fileURLToPath(new URL('../../dist/renderer', import.meta.url)), log: silentLog, instanceSecret: 'only for tests' })
  const sockets = new Set<Socket>()
  let isRefusing = false
  server.on('connection', (socket: Socket) => {
    if (isRefusing) socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const newUrl = () => `http://127.0.0.1:${port}/?token=${gate.issueToken()}`
  return {
    url: newUrl(),
    newUrl,
    port,
    services,
    runs,
    replays,
    fire,
    refuse: (value) => {
      isRefusing = value
      if (value) for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      rmSync(folder, { recursive: true, force: true })
      runs.dispose()
      replays.dispose()
      evaluations.dispose()
      ablations.dispose()
      simulations.dispose()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
