import type { RunDetail } from '../contract/run.ts'
import { annotate } from '../engine/runs/annotations.ts'
import { listSamples, readSheet } from '../engine/runs/motion-samples.ts'
import { longCsv } from '../engine/exchange/run-export.ts'
import { runFile } from '../engine/runs/run-folder.ts'
import { tailLog } from '../engine/runs/run-summary.ts'
import { emptyTrash, listTrash, restoreRun, trashRun } from '../engine/runs/run-trash.ts'
import type { Services } from '../rpc/services.ts'
import type { ServiceParts } from './services.ts'

const logLines = 200

/** What the page asks about runs. */
export function runServices({ home, catalogue, runs, control, curves, desk, events, ready, settings, views }: ServiceParts): Services['runs'] {
  return {
    list: async () => {
      await ready()
      return runs.list()
    },
    get: async (id) => {
      const run = await runs.refreshNow(id)
      const folder = await runs.folder(id)
      const metrics = await runs.records(id)
      const detail: RunDetail = {
        ...run,
        lastMetrics: metrics.last(),
        config: folder.config,
        metricNames: metrics.names,
        evaluations: catalogue.evaluations(id),
        log: await tailLog(run.path, logLines),
        samples: await listSamples(run.path),
      }
      return detail
    },
    presets: () => desk.call('presets', null),
    estimate: (config, tries) => desk.call('estimate', { config, tries }),
    create: async (name, config, ignoresMemory = false) => control.create({ name, config, device: (await settings.read()).device, ignoresMemory }),
    pause: (id) => control.pause(id),
    resume: (id, ignoresMemory) => control.resume(id, ignoresMemory),
    stop: (id) => control.stop(id),
    annotate: async (id, change) => {
      await annotate(runs.get(id).path, change)
      return runs.refreshNow(id)
    },
    remove: async (id) => {
      const trashed = await trashRun(home, runs.get(id).id)
      await runs.refresh(id)
      return trashed
    },
    restore: async (id) => {
      runs.pathOf(id)
      await restoreRun(home, id)
      return runs.refreshNow(id)
    },
    trash: () => listTrash(home),
    emptyTrash: async (ids) => ({ freedBytes: await emptyTrash(home, ({ id }) => ids === null || ids.includes(id)) }),
    queue: async () => control.queue(),
    reorder: async (ids) => {
      const queue = await control.reorder(ids)
      events.fire({ type: 'queue-changed', ids: queue })
      return queue
    },
    values: async (columns, ids) => catalogue.values(columns, ids),
    views: () => views.read(),
    saveViews: (all) => views.write([...all]),
    log: (id, query, before, limit) => desk.call('log', { file: runFile.log(runs.get(id).path), query, before, limit }),
    importMetrics: async (path, name) => runs.refreshNow(await desk.call('importRun', { path, name })),
    curves: (query) => curves.windows(query),
    csv: async (ids, metric) => {
      const named = await Promise.all(ids.map(async (id) => ({ name: runs.get(id).name, metrics: await runs.records(id) })))
      return longCsv(metric, named)
    },
    exportPolicy: (id) => desk.call('exportPolicy', { runPath: runs.get(id).path }),
    exported: (id, format) => desk.call('exportRun', { runPath: runs.get(id).path, format }),
    samples: (id, step) => readSheet(runs.get(id).path, step),
  }
}
