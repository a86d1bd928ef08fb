import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRun, readStatus } from '../../electron/engine/runs/run-folder.ts'
import { appRoot } from '../../electron/platform/entry.ts'
import type { Home } from '../../electron/platform/paths.ts'
import { isAlive } from '../../electron/platform/process-table.ts'
import { buildDesktop, findElectron } from '../support/electron.ts'
import { recordSquares } from '../support/recorded-squares.ts'
import { temporaryHome, until } from '../support/run-fixtures.ts'
import { smallConfig } from '../support/small-config.ts'

const found = findElectron()

test.runIf('reason' in found)(`desktop tests are skipped: ${'reason' in found ? found.reason : ''}`, (context) => context.skip())

describe.runIf('path' in found)('the desktop app', () => {
  let home: Home
  let app: ElectronApplication
  let page: Page

  beforeAll(async () => {
    buildDesktop()
    home = temporaryHome()
    await recordSquares(home)
    app = await _electron.launch({ executablePath: (found as { path: string }).path, args: [appRoot()], env: { ...(process.env as Record<string, string>), KINORA_HOME: home.root } })
    page = await app.firstWindow()
    await page.waitForLoadState('domcontentloaded')
  })
  afterAll(() => app?.close())

  test('the page is there, in a sandbox without Node', async () => {
    expect(page.url()).toMatch(/^app:\/\/kinora\/index\.html/)
    expect(await page.evaluate(() => [typeof (globalThis as { require?: unknown }).require, typeof (globalThis as { process?: unknown }).process, typeof (globalThis as { module?: unknown }).module])).toEqual(['undefined', 'undefined', 'undefined'])
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }
      const { contextIsolation, sandbox, nodeIntegration, nodeIntegrationInWorker, webviewTag, webSecurity } = contents.getLastWebPreferences()
      return { contextIsolation, sandbox, nodeIntegration, nodeIntegrationInWorker, webviewTag, webSecurity }
    })
    expect(preferences).toEqual({ contextIsolation: true, sandbox: true, nodeIntegration: false, nodeIntegrationInWorker: false, webviewTag: false, webSecurity: true })
  })

  test('the page sees one frozen object of four things and no more', async () => {
    const api = await page.evaluate(() => {
      const { kinora } = window as unknown as { kinora: Record<string, unknown> }
      return { keys: Object.keys(kinora).sort(), isFrozen: Object.isFrozen(kinora), foreign: ['ipcRenderer', 'electron', 'require'].filter((name) => name in window) }
    })
    expect(api).toEqual({ keys: ['chooseFolder', 'connect', 'platform', 'showFolder'], isFrozen: true, foreign: [] })
  })

  test('it cannot leave, open windows, embed pages, or run foreign code', async () => {
    const before = page.url()
    await page.evaluate(() => {
      location.href = 'https://example.org/'
    })
    await page.waitForTimeout(500)
    expect(page.url()).toBe(before)
    expect(await page.evaluate(() => window.open('https://example.org/') === null)).toBe(true)
    await page.evaluate(() => document.body.append(document.createElement('webview')))
    expect((await app.windows()).length).toBe(1)
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.inlineRan = true'
      document.body.append(script)
      const evaluated = await new Promise<boolean>((resolve) => {
        try {
          resolve(Boolean(new Function('return true')()))
        } catch {
          resolve(false)
        }
      })
      const fetched = await fetch('https://example.org/').then(() => true, () => false)
      return { inline: 'inlineRan' in window, evaluated, fetched }
    })
    expect(ran).toEqual({ inline: false, evaluated: false, fetched: false })
  })

  test('it gets no permission that it does not need', async () => {
    expect(await page.evaluate(() => navigator.mediaDevices.getUserMedia({ video: true }).then(() => 'granted', (error: Error) => error.name))).toBe('NotAllowedError')
    expect(await page.evaluate(() => new Promise((resolve) => navigator.geolocation.getCurrentPosition(() => resolve('granted'), (error) => resolve(error.code))))).toBe(1)
  })

  test.each(['app://kinora/../package.json', 'app://kinora/%2e%2e%2fpackage.json', 'app://kinora/..%5cpackage.json', 'app://other/index.html'])('%s gives nothing', async (url) => {
    const status = await page.evaluate((address) => fetch(address).then((response) => response.status, () => 0), url)
    expect([0, 404]).toContain(status)
  })

  test('a run trains in a process of its own; kill -9 of it leaves the window alive and the run crashed and resumable', async () => {
    const config = { ...smallConfig({ data: { dataset: 'squares' }, motion: { target: 'none' }, steps: 5000 }), device: 'onnx-cpu', threads: 1 }
    const { path } = await createRun(home, { name: 'in the window', config, forHost: true })
    await until(async () => (await readStatus(path)).state === 'running', 60_000)
    const { pid } = await readStatus(path)
    process.kill(pid!, 'SIGKILL')
    expect(await until(async () => (await readStatus(path)).state === 'crashed', 10_000)).toBeLessThan(5000)
    expect(await page.evaluate(() => document.title)).toMatch(/Kinora/)
    expect((await app.windows()).length).toBe(1)
  })

  test('closing ends every process of it', async () => {
    const pids = await app.evaluate(({ app: electron }) => electron.getAppMetrics().map((metric) => metric.pid))
    await app.close()
    await until(async () => (await Promise.all(pids.map((pid) => isAlive({ pid, processStart: null })))).every((alive) => !alive), 20_000)
  })
})
