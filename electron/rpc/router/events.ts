import { eventBatches } from '../event-batches.ts'
import { api } from './api.ts'

export const attend = api.attend.handler(({ context, input }) => {
  context.pace.attend(input.isAttended)
  return {}
})

export const events = api.events.handler(async function* ({ context, signal }) {
  const listening = context.audience.join(context.pace)
  try {
    yield* eventBatches(context.onEvent, [{ type: 'system-changed', info: await context.system.info() }], context.pace, signal)
  } finally {
    listening.dispose()
  }
})
