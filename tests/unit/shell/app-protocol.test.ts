import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Workbench } from '../../../electron/host/workbench.ts'
import { answerAppRequest, streamOf } from '../../../electron/shell/app-protocol.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { temporaryHome } from '../../support/run-fixtures.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let workbench: Workbench
let pageRoot: string

beforeAll(async () => {
  workbench = await Workbench.open({ home: temporaryHome(), host: 'electron', spawn: spawnIdleEngine })
  const folder = temporaryFolder()
  pageRoot = join(folder, 'page')
  mkdirSync(pageRoot)
  writeFileSync(join(pageRoot, 'index.html'), '<title>page</title>')
  writeFileSync(join(folder, 'secret'), 'SECRET')
  symlinkSync(join(folder, 'secret'), join(pageRoot, 'link'))
})
afterAll(() => workbench.close())

const ask = (url: string, method = 'GET', range?: string): ReturnType<typeof answerAppRequest> => answerAppRequest({ url, method, range }, workbench.services, pageRoot)

test('the page is served with its policy', async () => {
  for (const url of ['app://kinora/', 'app://kinora/index.html']) {
    const answer = await ask(url)
    expect(answer.status).toBe(200)
    expect(new TextDecoder().decode(answer.body)).toBe('<title>page</title>')
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self' app:\/\/kinora;/)
    expect(answer.headers['content-security-policy']).not.toMatch(/unsafe|\*/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  }
})

test.each(['app://kinora/link', 'app://kinora/%2e%2e%2fsecret', 'app://kinora/..%5csecret', 'app://kinora/%00', 'app://kinora/%zz', 'app://other/index.html', 'app://kinora/C:/x', 'app://kinora/nothing.js'])('%s is 404', async (url) => {
  expect((await ask(url)).status).toBe(404)
})

test('blobs come through the same route, with their status', async () => {
  const answer = await ask('app://kinora/blob/series/nobody/loss?width=10')
  expect(answer.status).toBe(404)
  expect(JSON.parse(new TextDecoder().decode(answer.body))).toMatchObject({ code: 'not-found' })
})

test('other methods are refused, ranges are answered', async () => {
  expect((await ask('app://kinora/', 'POST')).status).toBe(405)
  const part = await ask('app://kinora/', 'GET', 'bytes=1-5')
  expect(part.status).toBe(206)
  expect(new TextDecoder().decode(part.body)).toBe('title')
})

test('an answer that is made while it is sent is read as its reader asks, and ends with it', async () => {
  const made: number[] = []
  async function* rest() {
    try {
      for (let part = 2; part < 9; part++) {
        made.push(part)
        yield Uint8Array.of(part)
      }
    } finally {
      made.push(-1)
    }
  }
  expect([...new Uint8Array(await new Response(streamOf(Uint8Array.of(1), rest())).arrayBuffer())]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  made.length = 0
  const reader = streamOf(Uint8Array.of(1), rest()).getReader()
  await reader.read()
  await reader.read()
  await reader.cancel()
  expect(made.at(-1)).toBe(-1)
  expect(made.length).toBeLessThan(5)
})
