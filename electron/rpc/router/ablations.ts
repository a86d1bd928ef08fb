import { api } from './api.ts'

export const ablations = {
  list: api.ablations.list.handler(({ context }) => context.ablations.list()),
  start: api.ablations.start.handler(({ context, input }) => context.ablations.start(input)),
  pause: api.ablations.pause.handler(({ context, input }) => context.ablations.pause(input.id)),
  resume: api.ablations.resume.handler(({ context, input }) => context.ablations.resume(input.id)),
  remove: api.ablations.remove.handler(async ({ context, input }) => {
    await context.ablations.remove(input.id)
    return {}
  }),
  restore: api.ablations.restore.handler(({ context, input }) => context.ablations.restore(input.id)),
}
