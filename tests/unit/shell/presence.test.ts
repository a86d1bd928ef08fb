import { beforeEach, expect, test, vi } from 'vitest'
import { Emitter } from '../../../electron/base/event.ts'
import type { KinoraEvent } from '../../../electron/contract/rpc.ts'
import type { RunStatus, RunSummary } from '../../../electron/contract/run.ts'
import { idleStatus } from '../../../electron/engine/runs/run-folder.ts'
import type { Services } from '../../../electron/rpc/services.ts'

/** What Electron is told, in the place of Electron. */
const shell = vi.hoisted(() => ({ bar: [] as [number, unknown][], notified: [] as { title: string; body: string }[], clicks: [] as (() => void)[], blockers: new Set<number>(), tooltip: '', isFocused: false }))
vi.mock('electron', () => ({
  BrowserWindow: { getAllWindows: () => [{ setProgressBar: (progress: number, options: unknown) => shell.bar.push([progress, options]) }], getFocusedWindow: () => (shell.isFocused ? {} : null) },
  Notification: class {
    static isSupported = () => true
    readonly #notice: { title: string; body: string }
    constructor(notice: { title: string; body: string }) {
      this.#notice = notice
    }
    on = (_event: 'click', act: () => void) => shell.clicks.push(act)
    show = () => shell.notified.push(this.#notice)
  },
  powerSaveBlocker: { start: () => (shell.blockers.add(7), 7), stop: (id: number) => shell.blockers.delete(id) },
  Tray: class {
    setContextMenu = () => undefined
    on = () => undefined
    setToolTip = (words: string) => (shell.tooltip = words)
    destroy = () => undefined
  },
  Menu: { buildFromTemplate: () => ({}) },
}))
const { Presence } = await import('../../../electron/shell/presence.ts')

const run = (status: Partial<RunStatus>): RunSummary => ({
  id: 'r', name: 'Nano', path: '/r', createdAt: 0, datasetId: 'd', preset: 'nano', motionTarget: 'none', seed: 0,
  status: { ...idleStatus, totalSteps: 100, ...status }, checkpoints: [], lastMetrics: {}, tags: [], notes: '', groupKey: '', evaluation: null,
})

function present(listed: readonly RunSummary[] = []) {
  const events = new Emitter<KinoraEvent>()
  const show = vi.fn()
  const services = { onEvent: events.event, runs: { list: async () => [...listed] } } as unknown as Services
  const presence = new Presence(services, { show, quit: () => undefined })
  return { presence, show, change: (status: Partial<RunStatus>) => events.fire({ type: 'run-changed', run: run(status) }), fire: (event: KinoraEvent) => events.fire(event) }
}

beforeEach(() => Object.assign(shell, { bar: [], notified: [], clicks: [], blockers: new Set(), tooltip: '', isFocused: false }))

test('the taskbar follows the training, and the machine stays awake for as long as it lasts', () => {
  const { presence, change } = present()
  change({ state: 'starting' })
  expect(shell.bar.at(-1)).toEqual([2, { mode: 'indeterminate' }])
  change({ state: 'running', step: 25 })
  expect(shell.bar.at(-1)).toEqual([0.25, { mode: 'normal' }])
  expect(presence.runningCount).toBe(1)
  expect(shell.blockers.size).toBe(1)
  presence.keepInTray()
  expect(shell.tooltip).toBe('Kinora: 1 running, 25 %')
  change({ state: 'finished', step: 100 })
  expect(shell.bar.at(-1)).toEqual([-1, { mode: 'normal' }])
  expect(shell.blockers.size).toBe(0)
})

test('an end and an alert are notified, a click on it shows the window; nobody who looks at the window is disturbed', () => {
  const { change, fire, show } = present()
  change({ state: 'running', step: 5 })
  change({ state: 'crashed', step: 6, error: { code: 'engine-crashed', message: 'killed by signal 9', hint: '' } })
  expect(shell.notified).toEqual([{ title: 'Nano has crashed', body: 'killed by signal 9' }])
  shell.clicks[0]!()
  expect(show).toHaveBeenCalledOnce()
  fire({ type: 'run-alert', alert: { id: 'r', kind: 'not-finite', metric: 'loss/action', step: 5, value: null, usual: null } })
  expect(shell.notified.at(-1)!.title).toBe('Nano: loss/action is not a number')
  shell.isFocused = true
  change({ state: 'running', step: 7 })
  change({ state: 'stalled', step: 7 })
  expect(shell.notified.length).toBe(2)
})

test('what was so before the app started is shown and not notified; a closed presence lets the machine sleep', async () => {
  const { presence } = present([run({ state: 'running', step: 50 })])
  await vi.waitFor(() => expect(shell.bar.at(-1)).toEqual([0.5, { mode: 'normal' }]))
  expect(shell.notified).toEqual([])
  presence.dispose()
  expect(shell.blockers.size).toBe(0)
})
