import { api } from './api.ts'

export const runs = {
  list: api.runs.list.handler(({ context }) => context.runs.list()),
  get: api.runs.get.handler(({ context, input }) => context.runs.get(input.id)),
  presets: api.runs.presets.handler(({ context }) => context.runs.presets()),
  estimate: api.runs.estimate.handler(({ context, input }) => context.runs.estimate(input.config, input.tries)),
  create: api.runs.create.handler(({ context, input }) => context.runs.create(input.name, input.config, input.ignoresMemory)),
  pause: api.runs.pause.handler(({ context, input }) => context.runs.pause(input.id)),
  resume: api.runs.resume.handler(({ context, input }) => context.runs.resume(input.id, input.ignoresMemory)),
  annotate: api.runs.annotate.handler(({ context, input: { id, ...change } }) => context.runs.annotate(id, change)),
  remove: api.runs.remove.handler(({ context, input }) => context.runs.remove(input.id)),
  restore: api.runs.restore.handler(({ context, input }) => context.runs.restore(input.id)),
  trash: api.runs.trash.handler(({ context }) => context.runs.trash()),
  emptyTrash: api.runs.emptyTrash.handler(({ context, input }) => context.runs.emptyTrash(input.ids)),
  queue: api.runs.queue.handler(({ context }) => context.runs.queue()),
  reorder: api.runs.reorder.handler(({ context, input }) => context.runs.reorder(input.ids)),
  values: api.runs.values.handler(({ context, input }) => context.runs.values(input.columns, input.ids)),
  views: api.runs.views.handler(({ context }) => context.runs.views()),
  saveViews: api.runs.saveViews.handler(({ context, input }) => context.runs.saveViews(input.views)),
  log: api.runs.log.handler(({ context, input }) => context.runs.log(input.id, input.query, input.before, input.limit)),
  importMetrics: api.runs.importMetrics.handler(({ context, input }) => context.runs.importMetrics(input.path, input.name)),
  stop: api.runs.stop.handler(({ context, input }) => context.runs.stop(input.id)),
}
