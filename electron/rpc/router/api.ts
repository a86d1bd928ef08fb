import { implement } from '@orpc/server'
import { contract } from '../../contract/rpc.ts'
import type { Context } from '../context.ts'

/** The contract with its context: each topic's file fills in its handlers. */
export const api = implement(contract).$context<Context>()
