import { implement } from '@orpc/server'
import { contract } from '../../contract/rpc.ts'
import type { Services } from '../services.ts'

/** The contract with the host's services as context: each topic's file fills in its handlers. */
export const api = implement(contract).$context<Services>()
