/** Evaluations as the page starts them: real processes that play the built-in simulator. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { EvaluationJob, EvaluationRequest } from '../../../electron/contract/evaluate.ts'
import { compareOwners, earlyStopOf, readBaselines } from '../../../electron/engine/evaluation/evaluation.ts'
import { findRollout } from '../../../electron/engine/evaluation/rollout-files.ts'
import { openRollout } from '../../../electron/evaluate/rollout-dataset.ts'
import { RolloutLog } from '../../../electron/evaluate/rollout-log.ts'
import { EvaluationControl } from '../../../electron/host/evaluation-control.ts'
import { forkChild } from '../../../electron/platform/child-process.ts'
import { silentLog } from '../../../electron/platform/log.ts'
import { temporaryHome, until } from '../../support/run-fixtures.ts'

const home = temporaryHome()
const control = new EvaluationControl(home, forkChild, silentLog)
const changes: EvaluationJob[] = []
control.onDidChange((job) => changes.push(job))
afterAll(() => control.close())

const task = 'tabletop-goal/push-button'
const request = (name: 'random' | 'expert', seeds: number): EvaluationRequest => ({ policy: { kind: 'baseline', name }, tasks: [task], seeds, replanSteps: null })
const ended = (id: string) => until(async () => !['queued', 'running'].includes(control.list().find((job) => job.id === id)!.state), 60_000)
const find = (id: string) => control.list().find((job) => job.id === id)!

describe('evaluations from the page', () => {
  it('play one after the other, tell their grid, and keep every rollout', async () => {
    const first = control.start(request('expert', 2))
    const second = control.start(request('random', 2))
    expect([find(first.id).state, find(second.id).state]).toEqual(['running', 'queued'])
    await ended(second.id)
    expect(find(first.id)).toMatchObject({ state: 'finished', cells: 'ss', done: 2, successes: 2, seeds: [20_000, 20_001], owner: { kind: 'baseline', name: 'expert' }, error: null })
    expect(find(second.id)).toMatchObject({ state: 'finished', done: 2 })
    expect(changes.some(({ id, cells }) => id === second.id && cells.includes('r'))).toBe(true)
    const { expert, random } = await readBaselines(home)
    expect([expert!.total.n, random!.total.n]).toEqual([2, 2])
  })

  it('take what is on record, and are stopped without losing it', async () => {
    const again = control.start(request('expert', 40))
    await until(async () => find(again.id).done > 2, 60_000)
    control.stop(again.id)
    await ended(again.id)
    const stopped = find(again.id)
    expect(stopped.state).toBe('stopped')
    expect(stopped.cells.slice(0, 2)).toBe('ss')
    expect(stopped.cells).not.toContain('r')
    expect((await RolloutLog.read(join(home.cache, 'baselines', 'expert.ndjson'))).length).toBeGreaterThanOrEqual(stopped.done)
  })

  it('end by their rule, and say so', { timeout: 180_000 }, async () => {
    const early = control.start({ ...request('expert', 40), stop: { when: 'precise', withinPoints: 30 } })
    await until(async () => !['queued', 'running'].includes(find(early.id).state), 150_000)
    expect(find(early.id)).toMatchObject({ state: 'finished', stoppedEarly: { plannedSeeds: 40, reason: 'success is known to within 30 points' } })
    expect(find(early.id).done).toBeLessThan(40)
    expect(find(early.id).cells).toMatch(/^s+w+$/)
  })

  it('can be told apart only from a policy that was played on the same worlds', async () => {
    const rule = { when: 'decided', against: { kind: 'baseline', name: 'expert' } } as const
    await expect(earlyStopOf(home, rule, { tasks: [task], seeds: [20_000, 99] })).rejects.toMatchObject({ code: 'not-found', message: 'expert was not played on 1 of these 2 worlds yet.' })
    const settled = await earlyStopOf(home, rule, { tasks: [task], seeds: [20_000, 20_001] })
    expect(settled([{ task, seed: 20_000, success: false, steps: 1, reason: null }])).toBeNull()
  })

  it('say in words why one failed', async () => {
    const missing = control.start({ policy: { kind: 'run', runId: 'gone', checkpointStep: null }, tasks: [task], seeds: 1, replanSteps: null })
    await ended(missing.id)
    expect(find(missing.id)).toMatchObject({ state: 'failed', error: { code: 'not-found' } })
  })

  it('can be compared pair by pair', async () => {
    const { total, verdict, unpaired } = await compareOwners(home, { first: { kind: 'baseline', name: 'random' }, second: { kind: 'baseline', name: 'expert' } })
    expect(total.n).toBeGreaterThanOrEqual(2)
    expect(total.counts.both + total.counts.onlySecond).toBe(total.n)
    expect(unpaired).toBeGreaterThan(0)
    expect(verdict).toContain(`n = ${total.n} pairs`)
    await expect(compareOwners(home, { first: { kind: 'run', runId: 'gone', checkpointStep: 1, replanSteps: 1 }, second: { kind: 'baseline', name: 'expert' } })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('can be looked at again: a rollout is rendered from seed and actions, with its exact flow', async () => {
    const rollout = await findRollout(home, { kind: 'baseline', name: 'expert' }, task, 20_000)
    const dataset = openRollout(rollout, { sizePx: 32, name: 'rollout' })
    const { frameCount } = await dataset.readEpisode(0)
    expect(frameCount).toBe(rollout.steps)
    const flow = await dataset.readFlow(0, 'agentview', 3)
    expect(flow).toHaveLength(frameCount)
    const [first, last] = [await dataset.readFrame(0, 'agentview', 0), await dataset.readFrame(0, 'agentview', frameCount - 1)]
    expect(first.data).not.toEqual(last.data)
    await expect(dataset.readFrame(1, 'agentview', 0)).rejects.toMatchObject({ code: 'not-found' })
    await expect(dataset.readFrame(0, 'roof', 0)).rejects.toMatchObject({ code: 'dataset-invalid' })
    await expect(findRollout(home, { kind: 'baseline', name: 'expert' }, task, 99)).rejects.toMatchObject({ code: 'not-found' })
    dataset.dispose()
    const file = join(home.cache, 'baselines', 'expert.ndjson')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"worldVersion":\d+/, '"worldVersion":0'))
    await expect(findRollout(home, { kind: 'baseline', name: 'expert' }, task, 20_000)).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('another version of the simulator') as string })
  })
})
