import * as ablations from './en/ablations.ts'
import * as charts from './en/charts.ts'
import * as configure from './en/configure.ts'
import * as data from './en/data.ts'
import * as evaluate from './en/evaluate.ts'
import * as replay from './en/replay.ts'
import * as runs from './en/runs.ts'
import * as settings from './en/settings.ts'
import * as shell from './en/shell.ts'

/** Every English sentence of the page, by feature. A translation is another object of this shape. */
export const text = { ...shell, ...data, ...charts, ...runs, ...configure, ...replay, ...evaluate, ...ablations, ...settings }
