/** Ablations in the page: started from Configure's form, filled run by run, and left for the comparison of their runs. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { tableCsv } from '../../electron/contract/ablation-table.ts'
import { parseAblation, planAblation } from '../../electron/engine/ablation/ablation-plan.ts'
import { hash, host, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench({ hostOf: 'each-test' })

describe('an ablation', () => {
  it('is started from its form, and fills its table run by run', async () => {
    await open('/configure?preset=nano&tab=ablation')
    await page.getByTestId('ablation-seeds').fill('4, 5')
    await page.getByTestId('ablation-worlds').fill('25')
    await expect.poll(() => page.getByTestId('ablation-start').innerText()).toBe('Start 4 runs')
    const [description] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as JSON' }).click()])
    const spec = parseAblation(JSON.parse(await readFile(await description.path(), 'utf8')))
    expect(spec).toMatchObject({ seeds: [4, 5], evaluation: { seedsPerTask: 25 } })
    await page.getByTestId('ablation-start').click()
    const view = page.getByTestId('ablation-view')
    await expect.poll(() => view.getAttribute('data-state')).toBe('finished')
    expect(await hash()).toContain('#/ablations/ablation-')
    expect(await page.getByTestId('ablation-progress').innerText()).toBe('4 of 4 runs done')
    await expect.poll(() => page.getByTestId('ablation-cell').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-state')))).toEqual(Array(4).fill('done'))
    const [ablation] = (await host.services.ablations.list()).filter(({ spec: { seeds } }) => seeds.includes(5))
    expect(planAblation(ablation!.spec).cells.map(({ config }) => config)).toEqual(planAblation(spec).cells.map(({ config }) => config))

    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByTestId('ablation-csv').click()])
    expect(await readFile(await csv.path(), 'utf8')).toBe(tableCsv(ablation!))
    const [markdown] = await Promise.all([page.waitForEvent('download'), page.getByTestId('ablation-markdown').click()])
    expect(await readFile(await markdown.path(), 'utf8')).toContain('| arm | seeds | success | 95 % Wilson | points |')
    expect(await page.getByTestId('ablation-row').nth(1).innerText()).toMatch(/target=none[^]*2\/2\s+\d+\/100/)
    await page.getByTestId('ablation-cell').first().getByRole('link').click()
    await expect.poll(hash).toContain(`#/runs/${ablation!.cells[0]!.runId}`)
  })

  it('leads to the paired comparison and the review of its runs, and says why one failed', async () => {
    await open('/ablations/targets-4d1f0a93')
    await expect.poll(() => page.getByTestId('ablation-cell').count()).toBe(6)
    expect(await page.getByTestId('ablation-cell').filter({ hasText: 'NaN at step 612' }).getAttribute('data-state')).toBe('failed')
    expect(await page.getByTestId('ablation-cell').filter({ hasText: 'of 2,000 steps' }).getAttribute('data-state')).toBe('training')
    await page.getByTestId('ablation-pair').click()
    await expect.poll(hash).toBe('#/evaluate?runs=demo-joint-1,demo-action-2')
    await page.getByTestId('verdict').waitFor()
    await page.goBack()
    await page.getByTestId('ablation-review').click()
    await expect.poll(hash).toBe('#/review?runs=demo-joint-1,demo-action-2')
  })

  it('is found from its runs, deleted, and brought back', async () => {
    await open('/runs/demo-action-2')
    await page.getByTestId('run-ablation').click()
    await expect.poll(hash).toBe('#/ablations/targets-4d1f0a93')
    await expect.poll(() => page.getByTestId('ablation-view').getAttribute('data-state')).toBe('running')
    expect(await page.getByTestId('ablation-delete').isDisabled()).toBe(true)
    await page.getByTestId('ablation-pause').click()
    await expect.poll(() => page.getByTestId('ablation-view').getAttribute('data-state')).toBe('paused')
    await page.getByTestId('ablation-delete').click()
    await expect.poll(() => page.getByTestId('ablation-entry').count()).toBe(0)
    expect(await host.services.ablations.list()).toEqual([])
    await page.keyboard.press('Control+z')
    await expect.poll(() => page.getByTestId('ablation-entry').count()).toBe(1)
    expect((await host.services.ablations.list()).map(({ id }) => id)).toEqual(['targets-4d1f0a93'])
  })
})
