import { eventBatches } from '../event-batches.ts'
import { api } from './api.ts'

export const events = api.events.handler(async function* ({ context, signal }) {
  yield* eventBatches(context.onEvent, [{ type: 'system-changed', info: await context.system.info() }], signal)
})
