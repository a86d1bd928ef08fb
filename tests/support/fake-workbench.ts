/**
 * The page in a real browser over the headless host with generated data, for one test file: `useFakeWorkbench()` at its
 * top, `open(path)` in each test. A test after which the page has said an error on its console fails.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { launchChromium } from './chromium.ts'
import { startFakeHost, type FakeHost, type FakeHostOptions } from './fake-host.ts'

export let browser: Browser
export let host: FakeHost
/** The page that `open` opened last. */
export let page: Page
/** Errors that the page said. A test that provokes some empties it. */
export const said: string[] = []
const others: FakeHost[] = []

/** One more host, which ends with the test. */
export async function anotherHost(options: FakeHostOptions = {}): Promise<FakeHost> {
  const other = await startFakeHost(options)
  others.push(other)
  return other
}

/** `hostOf: 'each-test'` for tests that change what the host holds. */
export function useFakeWorkbench({ hostOf = 'file' }: { readonly hostOf?: 'file' | 'each-test' } = {}): void {
  beforeAll(async () => {
    browser = await launchChromium()
    if (hostOf === 'file') host = await startFakeHost()
  }, 60_000)
  beforeEach(async () => {
    said.length = 0
    if (hostOf === 'each-test') host = await startFakeHost()
  })
  afterEach(async () => {
    await page.context().close()
    for (const other of others.splice(0)) await other.close()
    if (hostOf === 'each-test') await host.close()
    expect(said).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    if (hostOf === 'file') await host.close()
  })
}

export async function open(path: string, from: FakeHost = host): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', acceptDownloads: true })
  page = await context.newPage()
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()))
  page.on('pageerror', (error) => said.push(error.message))
  await page.goto(`${from.newUrl()}#${path}`)
  await page.getByTestId('page-title').waitFor()
}

/** The place in the page's address, as one reads it. */
export const hash = (): Promise<string> => page.evaluate(() => decodeURIComponent(location.hash).replaceAll('+', ' '))
/** Test name or id of the element that has the keyboard's focus. */
export const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.id ?? '')
