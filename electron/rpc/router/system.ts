import { api } from './api.ts'

export const system = {
  info: api.system.info.handler(({ context }) => context.system.info()),
  doctor: api.system.doctor.handler(({ context }) => context.system.doctor()),
}
