import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Emitter } from '../base/event.ts'
import { KinoraError } from '../contract/errors.ts'
import type { KinoraEvent } from '../contract/rpc.ts'
import type { savedViewSchema } from '../contract/run.ts'
import type { SystemInfo } from '../contract/system.ts'
import { findDataset } from '../engine/dataset-places.ts'
import { runFile } from '../engine/runs/run-folder.ts'
import type { Home } from '../platform/paths.ts'
import type { Audience } from '../rpc/audience.ts'
import type { Services } from '../rpc/services.ts'
import type { Catalogue } from '../store/catalogue.ts'
import type { AblationControl } from './ablation-control.ts'
import type { DatasetIndex } from './dataset-index.ts'
import { DatasetMarksStore } from './dataset-marks.ts'
import type { DeskClient } from './desk-client.ts'
import type { EvaluationControl } from './evaluation-control.ts'
import type { HomeFile } from './home-file.ts'
import type { HostSettingsFile } from './host-settings.ts'
import { streamFrames } from './frame-stream.ts'
import type { RunControl } from './run-control.ts'
import type { RunCurves } from './run-curves.ts'
import type { RunIndex } from './run-index.ts'
import { runServices } from './run-services.ts'

/** What the services are made of. */
export interface ServiceParts {
  readonly home: Home
  readonly catalogue: Catalogue
  readonly runs: RunIndex
  readonly datasets: DatasetIndex
  readonly control: RunControl
  readonly evaluations: EvaluationControl
  readonly ablations: AblationControl
  readonly curves: RunCurves
  readonly desk: DeskClient
  readonly settings: HostSettingsFile
  readonly views: HomeFile<z.ZodArray<typeof savedViewSchema>>
  readonly events: Emitter<KinoraEvent>
  readonly audience: Audience
  readonly info: () => Promise<SystemInfo>
  /** Resolves when the folders have been read, or soon after: the first list after a start is whole if it can be. */
  readonly ready: () => Promise<void>
}

/** The contract with the page in terms of the host's parts: each call is handed to the part that answers it. */
export function createServices(parts: ServiceParts): Services {
  const { home, runs, datasets, evaluations, ablations, desk, settings, events, audience, info, ready } = parts
  const marks = new DatasetMarksStore(home)
  return {
    onEvent: events.event,
    audience,
    system: {
      info: () => info(),
      doctor: (options) => desk.call('doctor', options),
      settings: () => settings.read(),
      configure: (change) => settings.change(change),
    },
    datasets: {
      list: async () => {
        await ready()
        return datasets.list()
      },
      get: (id) => datasets.get(id),
      add: (path, format) => datasets.add(path, format),
      episode: async (id, episode) => desk.call('episode', { ...(await datasets.place(id)), episode }),
      statistics: async (id) => desk.call('statistics', await datasets.place(id)),
      motionHealth: async (id, camera, query) => desk.call('motionHealth', { ...(await datasets.place(id)), camera, ...query }),
      flow: async (id, episode, camera, frame, query, format) => desk.call('flow', { ...(await datasets.place(id)), episode, camera, frame, ...query, format }),
      frame: async (id, episode, camera, frame, format, maxPx) => desk.call('frame', { ...(await datasets.place(id)), episode, camera, frame, format, ...(maxPx === undefined ? {} : { maxPx }) }),
      frames: (id, query) => streamFrames((request) => desk.call('frames', request), datasets.place(id), query),
      marks: async (id) => marks.read(await datasets.marked(id)),
      mark: async (id, changes) => marks.change(await datasets.marked(id), changes),
    },
    runs: runServices(parts),
    simulations: {
      open: async ({ task, seed, camera, policy }) => desk.call('openSimulation', { task, seed, camera, policy: policy.kind === 'run' ? { kind: 'run', runPath: runs.get(policy.runId).path, checkpointStep: policy.checkpointStep } : policy }),
      advance: (id, steps) => desk.call('advanceSimulation', { id, steps }),
      frame: (id, pane, frame) => desk.call('simulationFrame', { id, pane, frame }),
      close: async (id) => void (await desk.call('closeSimulation', { id })),
    },
    replays: {
      open: async ({ runId, checkpointStep, source, camera }) => {
        const { path: runPath } = runs.get(runId)
        if (source.kind === 'rollout') return desk.call('openReplay', { runPath, runId, checkpointStep, frames: source, camera })
        const dataset = await findDataset(home, source.datasetId ?? (await runs.folder(runId)).config.data.dataset)
        return desk.call('openReplay', { runPath, runId, checkpointStep, frames: { kind: 'episode', dataset, episode: source.episode }, camera })
      },
      frame: (id, pane, frame) => desk.call('replayFrame', { id, pane, frame }),
      errors: (id) => desk.call('replayErrors', { id }),
      imagine: (id, frame, seeds, steps) => desk.call('imagineFrame', { id, frame, seeds, steps }),
      close: async (id) => void (await desk.call('closeReplay', { id })),
    },
    evaluations: {
      tasks: () => desk.call('tasks', null),
      jobs: async () => evaluations.list(),
      start: async (request) => {
        // A run that is not there is told at once, not by a job that fails.
        if (request.policy.kind === 'run') runs.get(request.policy.runId)
        return evaluations.start(request)
      },
      stop: async (id) => evaluations.stop(id),
      baselines: () => desk.call('baselines', null),
      compare: (first, second) => desk.call('compareEvaluations', { first, second }),
    },
    ablations: {
      list: async () => ablations.list(),
      start: (spec) => ablations.start(spec),
      pause: (id) => ablations.pause(id),
      resume: (id) => ablations.resume(id),
      remove: (id) => ablations.remove(id),
      restore: (id) => ablations.restore(id),
    },
    reports: {
      create: async (runIds) => {
        const id = `report-${new Date().toISOString().replaceAll(/[-:]|\..*$/g, '').replace('T', '-')}`
        return { id, ...(await desk.call('writeReport', { id, runPaths: runIds.map((runId) => runs.get(runId).path) })) }
      },
      read: async (id) => {
        if (!/^[\w.-]+$/.test(id) || id.startsWith('.')) throw new KinoraError('not-found', `There is no report "${id}".`, 'Make one on the Review page or with `kinora report`.')
        const html = (await readFile(runFile.report(join(home.runs, id)), 'utf8').catch(ifAbsent)) ?? (await readFile(join(home.reports, `${id}.html`), 'utf8').catch(ifAbsent))
        if (html !== null) return html
        throw new KinoraError('not-found', `There is no report of ${id} yet.`, 'Make one on the Review page or with `kinora report`.')
      },
    },
  }
}

function ifAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
