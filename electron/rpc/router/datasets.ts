import { api } from './api.ts'

export const datasets = {
  list: api.datasets.list.handler(({ context }) => context.datasets.list()),
  get: api.datasets.get.handler(({ context, input }) => context.datasets.get(input.id)),
  add: api.datasets.add.handler(({ context, input }) => context.datasets.add(input.path)),
  episode: api.datasets.episode.handler(({ context, input }) => context.datasets.episode(input.id, input.episode)),
}
