// @vitest-environment happy-dom
import { mount, RouterLinkStub } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, type App } from 'vue'
import { trainConfigSchema } from '../../../../electron/contract/config.ts'
import { KinoraError } from '../../../../electron/contract/errors.ts'
import type { RunState, RunSummary } from '../../../../electron/contract/run.ts'
import ConfigView from '../../../../renderer/features/runs/ConfigView.vue'
import EndBanner from '../../../../renderer/features/runs/EndBanner.vue'
import RunActions from '../../../../renderer/features/runs/RunActions.vue'
import RunFacts from '../../../../renderer/features/runs/RunFacts.vue'
import FramePane from '../../../../renderer/media/FramePane.vue'
import type { Connection } from '../../../../renderer/rpc/connection.ts'
import { provideConnection } from '../../../../renderer/rpc/use-connection.ts'
import { useNotices } from '../../../../renderer/stores/notices.ts'
import { runSummary } from '../run-summary.ts'

const client = { runs: { pause: vi.fn(), resume: vi.fn(), stop: vi.fn() } }
const pinia = createPinia()
const plugins = [pinia, { install: (app: App) => provideConnection(app, { client } as unknown as Connection) }]
const withState = (state: RunState, own = {}) => runSummary({ id: 'r', name: 'joint', ...own, status: { ...runSummary({}).status, state, step: 1411 } })

beforeEach(() => {
  localStorage.clear()
  for (const call of Object.values(client.runs)) call.mockReset()
})

describe('FramePane', () => {
  const ready = (width: number) => ({ state: 'ready' as const, picture: { width, height: 2, data: new Uint8ClampedArray(width * 8) } })

  it('claims a frame only for what it has painted', async () => {
    const drawn: number[] = []
    const context = { putImageData: (image: ImageData) => drawn.push(image.width), clearRect: () => drawn.push(0) }
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never)
    class ImageOfWidth {
      readonly width: number
      constructor(_data: unknown, width: number) {
        this.width = width
      }
    }
    vi.stubGlobal('ImageData', ImageOfWidth)
    const pane = mount(FramePane, { props: { title: 'Camera', frame: 4, pane: ready(3) } })
    expect(pane.attributes('data-frame')).toBe('4')
    await pane.setProps({ frame: 5, pane: { state: 'loading' } })
    expect(pane.attributes('data-frame')).toBeUndefined()
    expect(pane.text()).toContain('Loading frame 5')
    await pane.setProps({ frame: 5, pane: { state: 'absent' }, absentText: 'Frame 5 is not predicted yet.' })
    expect(pane.get('[data-testid="pane-message"]').text()).toBe('Frame 5 is not predicted yet.')
    await pane.setProps({ frame: 6, pane: ready(7) })
    // Painted, wiped for each state without a picture, painted again.
    expect(drawn).toEqual([3, 0, 0, 7])
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })
})

describe('RunFacts', () => {
  it('says aloud that a quicker provider did not work, and where to read what to do', () => {
    const facts = (passedOver: RunSummary['status']['passedOver']) => {
      const run = withState('running')
      return mount(RunFacts, { props: { run: { ...run, status: { ...run.status, provider: 'onnx-cpu' as const, passedOver } }, config: null }, global: { plugins, stubs: { RouterLink: RouterLinkStub } } })
    }
    const note = facts([{ name: 'onnx-cuda', reason: 'Its test process was ended by SIGABRT.' }]).get('[data-testid="passed-over"]')
    expect(note.text()).toContain('onnx-cuda is here but does not work')
    expect(note.text()).toContain('SIGABRT')
    expect(note.getComponent(RouterLinkStub).props('to')).toEqual({ name: 'doctor' })
    expect(facts(undefined).find('[data-testid="passed-over"]').exists()).toBe(false)
  })
})

describe('RunActions', () => {
  it('pauses at once, and asks before it stops', async () => {
    client.runs.pause.mockResolvedValue(withState('running'))
    const actions = mount(RunActions, { props: { run: withState('running') }, global: { plugins } })
    await actions.get('[data-testid="run-pause"]').trigger('click')
    expect(client.runs.pause).toHaveBeenCalledWith({ id: 'r' })
    expect(actions.get('[data-testid="run-resume"]').attributes('disabled')).toBeDefined()
    await vi.waitFor(() => expect(actions.get('[data-testid="run-stop"]').attributes('disabled')).toBeUndefined(), { timeout: 30_000 })
    await actions.get('[data-testid="run-stop"]').trigger('click')
    expect(client.runs.stop).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(document.querySelector('[data-testid="stop-confirm"]')).not.toBeNull(), { timeout: 30_000 })
    document.querySelector<HTMLButtonElement>('[data-testid="stop-confirm"]')!.click()
    await vi.waitFor(() => expect(client.runs.stop).toHaveBeenCalledWith({ id: 'r' }), { timeout: 30_000 })
    actions.unmount()
  })

  it('compact, has only what makes sense for the run, and keeps one place for pausing and going on', async () => {
    const actions = mount(RunActions, { props: { run: withState('running'), compact: true }, global: { plugins } })
    const shown = () => actions.findAll('button').map((button) => button.attributes('data-testid'))
    expect(shown()).toEqual(['run-pause', 'run-stop'])
    const first = actions.get('[data-testid="run-pause"]').element
    await actions.setProps({ run: withState('paused') })
    expect(shown()).toEqual(['run-resume', 'run-stop'])
    expect(actions.get('[data-testid="run-resume"]').element).toBe(first)
    await actions.setProps({ run: withState('queued') })
    expect(shown()).toEqual(['run-stop'])
    await actions.setProps({ run: withState('finished') })
    expect(shown()).toEqual([])
    actions.unmount()
  })

  it('shows the refusal of the host with its hint', async () => {
    client.runs.resume.mockRejectedValue(new KinoraError('already-running', 'The run is at work already.', 'Look at its process.'))
    const actions = mount(RunActions, { props: { run: withState('crashed') }, global: { plugins } })
    await actions.get('[data-testid="run-resume"]').trigger('click')
    await vi.waitFor(() => expect(useNotices(pinia).notices.at(-1)).toMatchObject({ kind: 'error', message: 'The run is at work already.', hint: 'Look at its process.' }), { timeout: 30_000 })
    actions.unmount()
  })
})

describe('EndBanner', () => {
  it('is there for a crash, with the step to go on from and the last lines, and not for a finish', () => {
    const crashed = mount(EndBanner, { props: { run: withState('crashed', { checkpoints: [500, 1000] }), log: ['one', 'two'] }, global: { plugins } })
    expect(crashed.text()).toContain('1,411')
    expect(crashed.text()).toContain('checkpoint of step 1,000')
    expect(crashed.get('pre').text()).toBe('one\ntwo')
    expect(mount(EndBanner, { props: { run: withState('finished'), log: [] }, global: { plugins } }).find('[data-testid="end-banner"]').exists()).toBe(false)
  })
})

describe('EndBanner of a run that memory is too short for', () => {
  it('starts it anyway when told to', async () => {
    const error = { code: 'out-of-memory' as const, message: 'Training takes about 91.2 GB of memory.', hint: 'Lower batchSize.' }
    const run = withState('failed')
    client.runs.resume.mockResolvedValue(run)
    const banner = mount(EndBanner, { props: { run: { ...run, status: { ...run.status, error } }, log: [] }, global: { plugins } })
    await banner.get('[data-testid="resume-anyway"]').trigger('click')
    expect(client.runs.resume).toHaveBeenCalledWith({ id: 'r', ignoresMemory: true })
    expect(mount(EndBanner, { props: { run, log: [] }, global: { plugins } }).find('[data-testid="resume-anyway"]').exists()).toBe(false)
  })
})

describe('ConfigView', () => {
  it('shows every field, and on demand only what differs from the defaults', async () => {
    const config = trainConfigSchema.parse({ data: { dataset: 'demo' }, seed: 7, motion: { lambda: 0.3 } })
    const view = mount(ConfigView, { props: { config }, global: { plugins } })
    expect(view.findAll('tbody tr').length).toBeGreaterThan(50)
    await view.get('[aria-pressed="false"]').trigger('click')
    await nextTick()
    expect(view.findAll('tbody tr').map((row) => row.findAll('td').map((cell) => cell.text()))).toEqual([['seed', '7', '0'], ['motion.lambda', '0.3', '1']])
  })
})
