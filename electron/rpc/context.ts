import { EventPace } from './event-batches.ts'
import type { Services } from './services.ts'

/** What handlers work with: the host's services, and what belongs to the one line that a call came over. */
export type Context = Services & { readonly pace: EventPace }

export function contextOf(services: Services): Context {
  return { ...services, pace: new EventPace() }
}
