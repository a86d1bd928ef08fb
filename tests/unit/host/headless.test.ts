import { request } from 'node:http'
import { mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { decodeCurves, blobUrl } from '../../../electron/contract/blob.ts'
import { runFile } from '../../../electron/engine/runs/run-folder.ts'
import { startHeadless, type HeadlessHost } from '../../../electron/host/server.ts'
import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { resolveHome, type Home } from '../../../electron/platform/paths.ts'
import { writeFileAtomic } from '../../../electron/platform/fs-atomic.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, setStatus, temporaryHome } from '../../support/run-fixtures.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let home: Home
let host: HeadlessHost
let cookie: string
let pageRoot: string

interface Reply {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

/** Raw HTTP: fetch would not send these paths and headers as they are. */
function get(path: string, headers: Record<string, string> = {}, options: { method?: string; port?: number } = {}): Promise<Reply> {
  const port = options.port ?? host.port
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers: { host: `127.0.0.1:${port}`, ...headers }, setHost: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }))
    })
    call.on('error', reject)
    call.end()
  })
}

const tokenOf = (url: string): string => new URL(url).search
const cookieOf = (reply: Reply): string => String(reply.headers['set-cookie']).split(';')[0]!

beforeAll(async () => {
  home = temporaryHome()
  pageRoot = mkdtempSync(join(temporaryFolder(), 'page-'))
  mkdirSync(join(pageRoot, 'assets'))
  writeFileSync(join(pageRoot, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(pageRoot, 'assets', 'index-a1b2c3d4.js'), 'export {}')
  writeFileSync(join(pageRoot, '.env'), 'SECRET')
  const outside = join(temporaryFolder(), 'secret.txt')
  writeFileSync(outside, 'SECRET')
  symlinkSync(outside, join(pageRoot, 'link.txt'))
  symlinkSync(tmpdir(), join(pageRoot, 'folder-link'))
  host = await startHeadless({ home, pageRoot, spawn: spawnIdleEngine })
})
afterAll(() => host.close())

describe('the token', () => {
  test('without it everything is 401, in words', async () => {
    for (const path of ['/', '/index.html', '/assets/index-a1b2c3d4.js', '/blob/curves?of=[]', '/?token=wrong']) {
      const reply = await get(path)
      expect(reply.status).toBe(401)
      expect(reply.body.toString()).toContain('Open the address that Kinora printed')
    }
    expect((await get('/', { cookie: 'kinora=1; session=abc' })).status).toBe(401)
  })

  test('is exchanged once for a cookie that no script and no other site can use', async () => {
    const url = host.newUrl()
    const first = await get(`/${tokenOf(url)}`)
    expect(first.status).toBe(303)
    expect(first.headers.location).toBe('/')
    expect(String(first.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    expect((await get(`/${tokenOf(url)}`)).status).toBe(401)
    cookie = cookieOf(first)
    expect((await get('/', { cookie })).body.toString()).toContain('<title>page</title>')
    // The tab that has the cookie may open its own old link again.
    expect((await get(`/${tokenOf(url)}`, { cookie })).status).toBe(303)
  })

  test('never goes into a referrer, and the answer with it is not stored', async () => {
    const reply = await get(`/${tokenOf(host.newUrl())}`)
    expect(reply.headers['referrer-policy']).toBe('no-referrer')
    expect(reply.headers['cache-control']).toBe('no-store')
  })
})

describe('who asks', () => {
  test.each([
    ['a foreign Host (DNS rebinding)', { host: 'evil.example' }],
    ['a Host that only begins like ours', { host: '127.0.0.1.evil.example' }],
    ['no Host', { host: '' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['an opaque Origin', { origin: 'null' }],
    ['a picture on another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['a script on another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
  ])('%s is 403, with the cookie too', async (_, headers) => {
    for (const path of ['/', '/blob/curves?of=[]']) expect((await get(path, { cookie, ...headers } as Record<string, string>)).status).toBe(403)
  })

  test('a tunnel from another port of a loopback name is let in', async () => {
    expect((await get('/', { cookie, host: 'localhost:9000', origin: 'http://localhost:9000' })).status).toBe(200)
  })

  test.each([
    ['no cookie', {}, 401],
    ['a foreign Origin', { origin: 'https://evil.example' }, 403],
    ['another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['a foreign Host', { host: 'evil.example' }, 403],
  ] as const)('a WebSocket with %s is refused', async (what, headers, status) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/rpc`, { headers: { ...(what === 'no cookie' ? {} : { cookie }), ...headers } })
    const refused = await new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
      socket.on('open', () => resolve(101))
      socket.on('error', () => {})
    })
    expect(refused).toBe(status)
    socket.terminate()
  })

  test('a WebSocket of the page is let in, at its path alone', async () => {
    for (const [path, expected] of [['/rpc', 101], ['/other', 404]] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, { headers: { cookie, origin: `http://127.0.0.1:${host.port}` } })
      const status = await new Promise<number>((resolve) => {
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
        socket.on('open', () => resolve(101))
        socket.on('error', () => {})
      })
      expect(status).toBe(expected)
      socket.terminate()
    }
  })

  test('other methods are refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await get('/', { cookie }, { method })).status).toBe(405)
  })
})

describe('files', () => {
  test.each([
    '/../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/%2e%2e%2fetc%2fpasswd', '/..%5c..%5cwindows', '/assets/../../secret.txt', '/assets/%2e%2e/index.html',
    '/link.txt', '/folder-link/', '/.env', '/%2eenv', '/assets/./index-a1b2c3d4.js', '/a%00b', '/%zz', '/C:%5cwindows', '/index.html::$DATA', '//etc/passwd', '/assets', '/nothing.js',
  ])('%s is 404', async (path) => {
    const reply = await get(path, { cookie })
    expect(reply.status).toBe(404)
    expect(reply.body.toString()).not.toContain('SECRET')
  })

  test('the page and its parts are served with a policy that forbids everything inline and foreign', async () => {
    const page = await get('/', { cookie })
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${host.port}`)
    expect(policy).not.toMatch(/unsafe-|\*|https?:/)
    expect(page.headers['x-content-type-options']).toBe('nosniff')
    const script = await get('/assets/index-a1b2c3d4.js', { cookie })
    expect(script.status).toBe(200)
    expect(script.headers['content-type']).toMatch(/^text\/javascript/)
    expect(script.headers['cache-control']).toContain('immutable')
    expect(page.headers['cache-control']).toBe('no-cache')
  })

  test('a refusal that a person meets is a page, without a script and with the text escaped', async () => {
    const reply = await get('/<b>', { cookie, accept: 'text/html,*/*' })
    expect(reply.status).toBe(404)
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(reply.body.toString()).toContain('Go back to the start page')
    expect(reply.body.toString()).not.toContain('<b>')
    expect((await get('/', { accept: 'text/html' })).body.toString()).toContain('Open the address that Kinora printed')
  })

  test('a range is answered with that part', async () => {
    const reply = await get('/index.html', { cookie, range: 'bytes=2-8' })
    expect(reply.status).toBe(206)
    expect(reply.body.toString()).toBe('doctype')
    expect(reply.headers['content-range']).toBe('bytes 2-8/34')
    expect((await get('/index.html', { cookie, range: 'bytes=900-' })).status).toBe(416)
    expect((await get('/index.html', { cookie, range: 'bytes=-5' })).body.toString()).toBe('itle>'.slice(-5))
  })
})

describe('blobs', () => {
  test('a series comes as floats that the page decodes', async () => {
    const { path, identity } = await makeRun(home, 'measured')
    await setStatus(path, { state: 'paused' })
    const writer = await MetricWriter.open(runFile.metrics(path), 0)
    for (let step = 1; step <= 5000; step++) writer.append(step, { 'loss/total': step === 1234 ? 50 : 1 / step })
    await writer.close()
    await host.workbench.services.runs.list()
    const query = { lines: [[identity.id]], metric: 'loss/total', widthPx: 100, axis: 'step', smoothingPoints: 20 } as const
    const curve = async (part: object = {}) => {
      const reply = await get(blobUrl.curves([{ ...query, ...part }]), { cookie })
      expect(reply.status).toBe(200)
      return decodeCurves(new Float64Array(new Uint8Array(reply.body).buffer))[0]!
    }
    await expect.poll(async () => (await curve()).totalPoints).toBe(5000)
    const window = await curve()
    expect(window.steps.length).toBeLessThanOrEqual(200)
    expect(Math.max(...window.values)).toBe(50)
    const part = await curve({ from: 10, to: 19 })
    expect([...part.steps]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])

    await writeFileAtomic(runFile.report(path), '<!doctype html><p>report</p>')
    const report = await get(blobUrl.report(identity.id), { cookie })
    expect(report.body.toString()).toContain('report')
    // A report may hold what a dataset said: no script, no origin.
    expect(String(report.headers['content-security-policy'])).toMatch(/^sandbox; default-src 'none'/)
  })

  test.each([
    ['/blob/csv/loss?runs=nobody', 404, 'not-found'],
    ['/blob/curves?of=[{"metric":"loss","lines":[["nobody"]],"widthPx":0,"axis":"step","smoothingPoints":20}]', 400, 'usage'],
    ['/blob/curves?of=[]', 400, 'usage'],
    ['/blob/curves', 400, 'usage'],
    ['/blob/csv/loss?runs=..%2f..%2fetc', 404, 'not-found'],
    ['/blob/frame/nowhere/0/cam/0.png', 404, 'not-found'],
    ['/blob/frame/nowhere/x/cam/0.png', 400, 'usage'],
    ['/blob/frame/cups/0/cam/0.bmp', 404, 'not-found'],
    ['/blob/frames/nowhere/0?frames=0&camera=cam', 404, 'not-found'],
    ['/blob/frames/nowhere/0?frames=0,x&camera=cam', 400, 'usage'],
    ['/blob/frames/nowhere/0?frames=0', 400, 'usage'],
    ['/blob/replay/r/no-such-pane/0.rgba', 404, 'not-found'],
    ['/blob/report/nobody.html', 404, 'not-found'],
    ['/blob/frame/%ff/0/cam/0.png', 400, 'usage'],
    ['/blob/', 404, 'not-found'],
  ])('%s is %i with code %s', async (path, status, code) => {
    const reply = await get(path, { cookie })
    expect(reply.status).toBe(status)
    expect(JSON.parse(reply.body.toString())).toMatchObject({ code })
  })
})

describe('a second instance', () => {
  test('on the same home is refused with an address of the first that works', async () => {
    const refusal: Error & { hint?: string } = await startHeadless({ home, pageRoot, spawn: spawnIdleEngine }).then(
      () => new Error('started'),
      (error: Error) => error,
    )
    expect(refusal).toMatchObject({ code: 'already-running' })
    const url = /http:\S+/.exec(refusal.hint!)![0]
    const reply = await get(`/${tokenOf(url)}`)
    expect(reply.status).toBe(303)
  })

  test('the secret that buys a token lies in a file of its owner alone', async () => {
    expect(statSync(join(home.root, 'host.lock')).mode & 0o077).toBe(0)
    expect((await get('/token', { authorization: 'Bearer guess' }, { method: 'POST' })).status).toBe(401)
    expect((await get('/token', {}, { method: 'POST' })).status).toBe(401)
  })

  test('a port in use is told, and leaves neither lock nor process', async () => {
    const other = resolveHome(temporaryFolder())
    await expect(startHeadless({ home: other, port: host.port, pageRoot, spawn: spawnIdleEngine })).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(String(host.port)) as string })
    const again = await startHeadless({ home: other, pageRoot, spawn: spawnIdleEngine })
    await again.close()
    const afterClose = await startHeadless({ home: other, pageRoot, spawn: spawnIdleEngine })
    await afterClose.close()
  })

  test('listens on the loopback address alone', async () => {
    const { networkInterfaces } = await import('node:os')
    const outer = Object.values(networkInterfaces()).flat().find((address) => address && !address.internal && address.family === 'IPv4')
    if (!outer) return
    await expect(fetch(`http://${outer.address}:${host.port}/`, { signal: AbortSignal.timeout(2000) })).rejects.toThrow()
  })

  test('a page that was not built is told', async () => {
    const bare = await startHeadless({ home: resolveHome(temporaryFolder()), pageRoot: join(temporaryFolder(), 'none'), spawn: spawnIdleEngine })
    const own = cookieOf(await get(`/${tokenOf(bare.url)}`, {}, { port: bare.port }))
    const reply = await get('/', { cookie: own }, { port: bare.port })
    expect(reply.status).toBe(503)
    expect(reply.body.toString()).toContain('npm run build')
    await bare.close()
  })
})
