/**
 * A researcher's day with the runs: finding, grouping, comparing with a baseline, tagging, deleting and taking back,
 * ordering the queue, drawing and saving curves, searching the log. Each by keyboard alone or by mouse, over the real
 * host's HTTP with generated runs.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { focused, hash, host, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench({ hostOf: 'each-test' })

const names = () => page.getByTestId('run-link').allInnerTexts()
const headers = () => page.locator('[data-testid="run-table"] thead th').allInnerTexts()

/** Two more seeds of the demo's joint run. */
async function addSeeds(): Promise<void> {
  const joint = await host.services.runs.get('demo-joint-1')
  for (const seed of [1, 2]) {
    const run = await host.services.runs.create(`demo-joint-s${seed}`, { ...joint.config, seed })
    host.runs.change(run.id, { state: 'finished', step: 2000 })
  }
}

describe('the table', () => {
  it('filters, sorts, groups and pins by keyboard alone, and the address brings the view back', async () => {
    await addSeeds()
    await open('/runs')
    await page.getByTestId('group-row').waitFor()
    const group = page.getByTestId('group-row')
    expect(await group.innerText()).toMatch(/demo-joint-s2\s*×3/)
    expect(await group.getByTestId('group-mean').first().innerText()).toMatch(/± /)
    // Open the group with the arrow, walk into it, and close it again.
    await group.getByTestId('group-toggle').focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => group.getByTestId('group-toggle').getAttribute('aria-expanded')).toBe('true')
    expect(await names()).toEqual(expect.arrayContaining(['demo-joint', 'demo-joint-s1', 'demo-joint-s2']))
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('run-link')
    await group.getByTestId('pin').focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('[data-run="demo-action-2"] [data-testid="delta"]').first().innerText()).toMatch(/^[+−]0?\.?\d/)
    expect(await group.innerText()).toContain('baseline')
    await page.keyboard.press('/')
    await expect.poll(focused).toBe('run-query')
    await page.keyboard.type('demo sort:-loss/action')
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('4 of 10 runs')
    await expect.poll(hash).toMatch(/q=demo sort:-loss\/action.*base=|base=.*q=demo sort:-loss\/action/)
    await page.getByTestId('sort-name').focus()
    await page.keyboard.press('b')
    await expect.poll(() => page.getByTestId('group-row').count()).toBe(0)
    await expect.poll(hash).toContain('group=none')
    const address = await hash()
    await page.reload()
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('4 of 10 runs')
    expect(await hash()).toBe(address)
  })

  it('shows any field of the configuration and any extreme of a metric, sorts by it, and keeps it as a view', async () => {
    await open('/runs')
    await page.getByTestId('columns').click()
    await page.getByTestId('column-filter').fill('lambda')
    await page.getByTestId('column-config.motion.lambda').check()
    await page.getByTestId('column-filter').fill('loss/action best')
    await page.getByTestId('column-best:loss/action').check()
    await page.keyboard.press('Escape')
    await expect.poll(headers).toEqual(expect.arrayContaining(['motion.lambda', 'loss/action (best)']))
    await page.getByTestId('sort-config.motion.lambda').click()
    await expect.poll(async () => (await names())[0]).toBe('joint-lambda-0.3')
    await page.getByTestId('run-query').fill('config.motion.lambda=0.3')
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
    await page.getByTestId('views').click()
    await page.getByTestId('views-save').click()
    await page.getByTestId('view-name').fill('Small lambda')
    await page.keyboard.press('Enter')
    // Saved once the dialog has gone; until then it keeps the palette's key to itself.
    await expect.poll(() => page.getByTestId('view-name').count()).toBe(0)
    await page.getByTestId('run-query').fill('')
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette-input').fill('small lambda')
    await page.keyboard.press('Enter')
    await expect.poll(hash).toContain('config.motion.lambda')
    // The page follows an address that it did not write itself.
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
    await page.reload()
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
    expect(await host.services.runs.views()).toMatchObject([{ name: 'Small lambda' }])
  })

  it('deletes ticked runs, and takes that back with the button or the key', async () => {
    await open('/runs')
    for (const id of ['demo-action-2', 'joint-lr-3e-3-5']) await page.locator(`[data-run="${id}"]`).getByTestId('run-select').check()
    await page.getByTestId('delete-selected').click()
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('6 runs')
    await page.getByTestId('notice-action').click()
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('8 runs')
    await page.locator('[data-run="demo-action-2"]').getByTestId('run-select').check()
    await page.keyboard.press('Delete')
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('7 runs')
    await page.keyboard.press('Control+z')
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('8 runs')
    // A run at work stays, and the page says why.
    await page.locator('[data-run="joint-s2-7"]').getByTestId('run-select').check()
    await page.getByTestId('delete-selected').click()
    await expect.poll(() => page.getByTestId('notice').allInnerTexts()).toEqual(expect.arrayContaining([expect.stringContaining('Stop it first')]))
    // The trash shows what is in it and gives it back.
    await host.services.runs.remove('demo-action-2')
    await page.getByTestId('runs-more').click()
    await page.getByTestId('runs-more-trash').click()
    await page.getByTestId('restore').click()
    await expect.poll(() => page.getByTestId('trashed-run').count()).toBe(0)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByTestId('run-count').innerText()).toBe('8 runs')
  })

  it('puts the queue in order by keyboard alone', async () => {
    const joint = await host.services.runs.get('demo-joint-1')
    for (const name of ['second', 'third']) await host.services.runs.create(name, joint.config)
    await open('/runs')
    await page.getByTestId('run-row').first().waitFor()
    await page.keyboard.press('q')
    const queue = () => page.getByTestId('queue-item').locator('.name').allInnerTexts()
    await expect.poll(queue).toEqual(['action-s2', 'second', 'third'])
    await page.getByTestId('queue-item').nth(2).getByTestId('queue-up').focus()
    await page.keyboard.press('Enter')
    await expect.poll(queue).toEqual(['action-s2', 'third', 'second'])
    await expect.poll(focused).toBe('queue-up')
    await page.keyboard.press('Enter')
    await expect.poll(queue).toEqual(['third', 'action-s2', 'second'])
    expect((await host.services.runs.queue())[0]).toMatch(/^third/)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await host.services.runs.queue())[0]).toMatch(/^action-s2/)
  })
})

describe('a run', () => {
  it('is tagged and noted by keyboard; both lie with the run and can be taken back', async () => {
    await open('/runs/demo-joint-1')
    await page.getByTestId('tag-input').focus()
    await page.keyboard.type('paper good')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByTestId('tag').allInnerTexts()).toEqual(['paper', 'good'])
    await page.getByTestId('notes-input').focus()
    await page.keyboard.type('Better than the action head alone.')
    await page.keyboard.press('Control+Enter')
    await expect.poll(async () => (await host.services.runs.get('demo-joint-1')).notes).toBe('Better than the action head alone.')
    // The answer has come back to the page, too.
    await page.waitForTimeout(300)
    await page.keyboard.press('Control+z')
    await expect.poll(() => page.getByTestId('notes-input').inputValue()).toBe('')
    await page.goto(`http://127.0.0.1:${host.port}/#/runs?q=tag:paper`)
    await expect.poll(names).toEqual(['demo-joint'])
    expect(await headers()).toContain('Tags')
  })

  it('is exported whole, and each chart as CSV, SVG and PNG', async () => {
    await open('/runs/demo-joint-1')
    await page.getByTestId('curve-points').first().waitFor()
    const saved = async (menu: string, item: string): Promise<{ name: string; bytes: Buffer }> => {
      const waiting = page.waitForEvent('download')
      await page.getByTestId(menu).first().press('Enter')
      await page.getByTestId(`${menu}-${item}`).press('Enter')
      const download = await waiting
      // The focus comes back to the button once the menu is gone; a menu that is opened before would be closed by it.
      await expect.poll(focused).toBe(menu)
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
    }
    const svg = await saved('curve-save', 'svg')
    expect(svg.name).toBe('loss-action.svg')
    expect(svg.bytes.toString()).toMatch(/^<svg .*<path/s)
    expect(svg.bytes.length).toBeLessThan(200_000)
    const png = await saved('curve-save', 'png')
    expect(png.bytes.readUInt32BE(16)).toBe(760 * 3)
    expect((await saved('curve-save', 'csv')).bytes.toString()).toMatch(/^run,step,time,loss\/action\r\n/)
    expect((await saved('run-export', 'tfevents')).name).toMatch(/^events\.out\.tfevents\.\d+\.demo-joint-1$/)
    expect((await saved('run-export', 'json')).name).toBe('demo-joint-1.json')
    await page.getByTestId('run-export').press('Enter')
    await page.getByTestId('run-export-onnx').press('Enter')
    await expect.poll(() => page.getByTestId('notice').last().innerText()).toMatch(/The policy of step 2,000 is in .*exports\/demo-joint-1-1\.\s+Largest difference of an action over 16 recorded observations: 3\.0e-8; lowest cosine 1\.000000/)
  })

  it('has curves over four axes with the smoothing that is asked for, and zooms alone when unlinked', async () => {
    await open('/runs/demo-joint-1')
    const plot = (metric: string) => page.locator(`[data-testid="curve"][data-metric="${metric}"]`)
    await page.getByTestId('curve-points').first().waitFor()
    await page.getByTestId('chart-axis').selectOption('relative')
    await page.locator('[data-metric="loss/action"][data-axis="relative"]').waitFor()
    await plot('loss/action').getByRole('group').focus()
    await page.keyboard.press('End')
    await expect.poll(() => plot('loss/action').getByTestId('curve-readout').innerText()).toMatch(/3 min 40 s after the start/)
    await page.getByTestId('chart-axis').selectOption('epoch')
    await page.locator('[data-metric="loss/action"][data-axis="epoch"]').waitFor()
    expect(await plot('epoch').count()).toBe(0)
    await plot('loss/action').getByRole('group').press('Home')
    await expect.poll(() => plot('loss/action').getByTestId('curve-readout').innerText()).toMatch(/epoch 0\./)
    await page.getByTestId('chart-smoothing').selectOption('0')
    await expect.poll(() => plot('loss/action').getByTestId('curve-points').getAttribute('title')).toBe('raw')
    await page.getByTestId('chart-link').click()
    await plot('loss/action').getByRole('group').press('+')
    await expect.poll(() => plot('loss/action').getByTestId('zoom-reset').count()).toBe(1)
    expect(await plot('loss/motion').getByTestId('zoom-reset').count()).toBe(0)
    await page.getByTestId('chart-link').click()
    await plot('loss/action').getByRole('group').press('+')
    await expect.poll(() => plot('loss/motion').getByTestId('zoom-reset').count()).toBe(1)
  })

  it('has a log that is searched by the host', async () => {
    await open('/runs/joint-s2-7?tab=log')
    await expect.poll(() => page.getByTestId('log').locator('.lines p').count()).toBeGreaterThan(50)
    await page.keyboard.press('/')
    await page.getByTestId('log-query').fill('step 33:')
    await expect.poll(() => page.getByTestId('log-count').innerText()).toMatch(/^1 line in/)
    expect(await page.getByTestId('log').locator('.lines p').count()).toBe(1)
  })

  it('that jumps or is no number is told at once', async () => {
    await open('/data')
    host.fire({ type: 'run-alert', alert: { id: 'joint-s2-7', kind: 'spike', metric: 'loss/action', step: 1200, value: 4.2, usual: 0.31 } })
    await expect.poll(() => page.getByTestId('notice').innerText()).toContain('joint-s2: loss/action jumped to 4.20 at step 1,200')
    host.fire({ type: 'run-alert', alert: { id: 'joint-s2-7', kind: 'not-finite', metric: 'loss/motion', step: 1300, value: null, usual: null } })
    await expect.poll(() => page.getByTestId('notice').allInnerTexts()).toEqual([expect.anything(), expect.stringContaining('joint-s2: loss/motion is not a number at step 1,300')])
  })

  it('stands beside what the engine warns of, which is shown once', async () => {
    await open('/data')
    const message = 'Computing on onnx-cpu, which may be many times slower: onnx-webgpu would come first, but does not work.'
    host.fire({ type: 'engine-warning', message })
    host.fire({ type: 'engine-warning', message })
    await expect.poll(() => page.getByTestId('notice').allInnerTexts()).toEqual([expect.stringContaining(message)])
  })
})

describe('a run that', () => {
  it('stalls or crashes is told on whatever page, once', async () => {
    await open('/data')
    await page.getByTestId('dataset-card').first().waitFor()
    host.runs.change('joint-s2-7', { state: 'stalled', step: 950 })
    await expect.poll(() => page.getByTestId('notice').allInnerTexts()).toEqual([expect.stringContaining('joint-s2 makes no progress since step 950.')])
    host.runs.change('joint-s2-7', { state: 'crashed', error: { code: 'engine-crashed', message: 'The process of the run vanished.', hint: '' } })
    await expect.poll(() => page.getByTestId('notice').allInnerTexts()).toEqual([expect.anything(), expect.stringContaining('The process of the run vanished.')])
    host.runs.change('joint-s2-7', { state: 'crashed' })
    await page.getByTestId('nav-runs').click()
    await page.getByTestId('run-row').first().waitFor()
    expect(await page.getByTestId('notice').count()).toBe(2)
  })
})

describe('seeds in a chart', () => {
  it('are one line with a band, and say how many they are', async () => {
    await addSeeds()
    await open('/runs')
    await page.getByTestId('group-row').getByTestId('run-select').check()
    const curve = page.locator('[data-testid="curve"][data-metric="loss/action"]')
    await expect.poll(() => curve.getByTestId('curve-points').innerText()).toMatch(/ of [\d,]+ points/)
    await curve.getByRole('group').press('End')
    await expect.poll(() => curve.getByTestId('curve-readout').innerText()).toMatch(/×3[\s\S]*n = 3/)
  })
})

describe('everywhere', () => {
  it('a first visit is shown around, page by page, and never again', async () => {
    await open('/runs')
    expect(await page.getByTestId('tour').innerText()).toContain('Welcome to Kinora')
    await page.getByTestId('tour-next').press('Enter')
    const places = ['#/data', '#/configure', '#/runs', '#/runs/', '#/replay', '#/review']
    for (const place of places) {
      await expect.poll(hash).toMatch(new RegExp(`^${place}`))
      await page.keyboard.press('Enter')
    }
    await page.getByTestId('tour-next').press('Enter')
    await expect.poll(() => page.getByTestId('tour').count()).toBe(0)
    await page.reload()
    await page.getByTestId('page-title').waitFor()
    expect(await page.getByTestId('tour').count()).toBe(0)
  })

  it('settings of the host are kept, a refusal is told, and the doctor has a page', async () => {
    await open('/settings')
    await page.getByTestId('device').selectOption('onnx-cpu')
    await page.getByTestId('trash-days').fill('7')
    await page.getByTestId('trash-days').press('Tab')
    await expect.poll(() => host.services.system.settings()).toMatchObject({ device: 'onnx-cpu', trashDays: 7 })
    await page.getByTestId('to-doctor').click()
    await expect.poll(() => page.locator('[data-testid="provider"][data-status="failed"]').innerText()).toContain('No adapter')
    expect(await page.getByTestId('machine').innerText()).toContain('Some CPU')
  })
})

describe('the run page', () => {
  it('shows what the motion head imagined over the steps, beside camera and truth', async () => {
    await open('/runs/demo-joint-1')
    await page.getByTestId('tab-samples').click()
    const strip = page.getByTestId('sample-strip')
    await strip.waitFor()
    expect(await strip.getAttribute('data-steps')).toBe('500,1000,1500,2000')
    expect(await strip.locator('tbody tr').count()).toBe(2)
    expect(await page.getByTestId('sample-predicted').count()).toBe(8)
    // Every picture is cut out of its own step's sheet, which the host answers with.
    const cuts = await page.getByTestId('sample-predicted').evaluateAll((all) => all.map((one) => `${getComputedStyle(one).backgroundImage} ${(one as HTMLElement).style.backgroundPosition}`))
    expect(new Set(cuts).size).toBe(8)
    const answer = await page.evaluate(async (url) => fetch(url).then(async (response) => ({ type: response.headers.get('content-type'), size: (await response.arrayBuffer()).byteLength })), /url\("([^"]+)"\)/.exec(cuts[0]!)![1]!)
    expect(answer.type).toBe('image/png')
    expect(answer.size).toBeGreaterThan(50)
    expect(await page.getByTestId('sample-predicted').first().getAttribute('aria-label')).toBe('Step 500 of “put the red block on the plate”, agentview')
    await page.goto(`${page.url().split('#')[0]!}#/runs/demo-action-2?tab=samples`)
    await page.getByTestId('samples-none').waitFor()
    expect(await page.getByTestId('samples-none').innerText()).toContain('no motion head')
  })
})
