/** Exact flow from the simulator; lives beside the world because recording needs it. */
export { exactFlow } from '../sim/exact-flow.ts'
