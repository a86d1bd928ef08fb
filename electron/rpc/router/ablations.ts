import { api } from './api.ts'

export const ablations = {
  list: api.ablations.list.handler(({ context }) => context.ablations.list()),
  start: api.ablations.start.handler(({ context, input }) => context.ablations.start(input)),
  pause: api.ablations.pause.handler(({ context, input }) => context.ablations.pause(input.id)),
  resume: api.ablations.resume.handler(({ context, input }) => context.ablations.resume(input.id)),
}
