import { expect, test } from 'vitest'
import type { RunStatus, RunSummary } from '../../../electron/contract/run.ts'
import { idleStatus } from '../../../electron/engine/runs/run-folder.ts'
import { activityOf, alertNotice, noticeOf } from '../../../electron/shell/activity.ts'

function run(status: Partial<RunStatus>): RunSummary {
  return {
    id: 'r', name: 'Nano', path: '/r', createdAt: 0, datasetId: 'd', preset: 'nano', motionTarget: 'none', seed: 0,
    status: { ...idleStatus, totalSteps: 100, ...status }, checkpoints: [], lastMetrics: {}, tags: [], notes: '', groupKey: '', evaluation: null,
  }
}

test('progress is over all runs that train, and only those', () => {
  expect(activityOf([])).toMatchObject({ progress: null, tooltip: 'Kinora' })
  expect(activityOf([run({ state: 'finished', step: 100 }), run({ state: 'paused', step: 5 })]).progress).toBeNull()
  const two = activityOf([run({ state: 'running', step: 60, etaSeconds: 4321 }), run({ state: 'running', step: 20, totalSteps: 300, etaSeconds: 20 }), run({ state: 'queued' })])
  expect(two).toMatchObject({ progress: 0.2, mode: 'normal', tooltip: 'Kinora: 2 running, 20 %, ETA 01:13' })
  expect(two.running.length).toBe(2)
})

test('before the first step it is indeterminate; a stall and a pause show', () => {
  expect(activityOf([run({ state: 'starting' })]).progress).toBe(2)
  expect(activityOf([run({ state: 'stalled', step: 3 })]).mode).toBe('error')
  expect(activityOf([run({ state: 'pausing', step: 3 })]).mode).toBe('paused')
})

test('an end worth knowing is told once, with its reason', () => {
  const failed = run({ state: 'failed', step: 7, error: { code: 'numerics', message: 'loss is NaN', hint: '' } })
  expect(noticeOf('running', failed)).toEqual({ title: 'Nano has failed', body: 'loss is NaN' })
  expect(noticeOf('running', run({ state: 'finished', step: 100 }))).toEqual({ title: 'Nano has finished', body: 'At step 100 of 100.' })
  // Not when it was so before, not what the user did, not what was so at the start.
  expect(noticeOf('failed', failed)).toBeNull()
  expect(noticeOf('running', run({ state: 'paused' }))).toBeNull()
  expect(noticeOf(undefined, failed)).toBeNull()
})

test('tells what is wrong in the curves of a run', () => {
  const alert = { id: 'r', metric: 'loss/action', step: 120, value: null, usual: null }
  expect(alertNotice('joint', { ...alert, kind: 'not-finite' })).toEqual({ title: 'joint: loss/action is not a number', body: 'At step 120.' })
  expect(alertNotice('joint', { ...alert, kind: 'spike', value: 4.2, usual: 0.31 }).body).toBe('To 4.20 at step 120; 0.310 was usual.')
})
