import { ablations } from './ablations.ts'
import { api } from './api.ts'
import { datasets } from './datasets.ts'
import { evaluations } from './evaluations.ts'
import { attend, events } from './events.ts'
import { replay } from './replay.ts'
import { reports } from './reports.ts'
import { runs } from './runs.ts'
import { simulations } from './simulations.ts'
import { system } from './system.ts'

export const router = api.router({ system, datasets, runs, replay, evaluations, ablations, reports, simulations, attend, events })
