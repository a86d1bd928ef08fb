import { api } from './api.ts'

export const runs = {
  list: api.runs.list.handler(({ context }) => context.runs.list()),
  get: api.runs.get.handler(({ context, input }) => context.runs.get(input.id)),
  presets: api.runs.presets.handler(({ context }) => context.runs.presets()),
  create: api.runs.create.handler(({ context, input }) => context.runs.create(input.name, input.config)),
  pause: api.runs.pause.handler(({ context, input }) => context.runs.pause(input.id)),
  resume: api.runs.resume.handler(({ context, input }) => context.runs.resume(input.id)),
  stop: api.runs.stop.handler(({ context, input }) => context.runs.stop(input.id)),
}
