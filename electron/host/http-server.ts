import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer } from 'ws'
import { toDisposable, type Disposable } from '../base/disposable.ts'
import { rpcPath } from '../contract/transport.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Log } from '../platform/log.ts'
import { handleBlob, type BlobResponse } from '../rpc/blob.ts'
import { sliceRange } from '../rpc/byte-range.ts'
import type { Services } from '../rpc/services.ts'
import { createSocketServer } from '../rpc/transport/websocket.ts'
import { isLocalRequest, isSameSecret, type Gate } from './gate.ts'
import { pagePolicy, securityHeaders } from './page-policy.ts'
import { readStaticFile } from './static-files.ts'

export interface HttpServerOptions {
  readonly services: Services
  readonly gate: Gate
  /** `dist/renderer`. */
  readonly pageRoot: string
  readonly log: Log
  /** Shared with other processes of the same user through the home's lock file: buys a token for one more visit. */
  readonly instanceSecret: string
}

/** Where a second instance asks the first for a token. */
export const tokenPath = '/token'

/**
 * Answers on a loopback server: the page, the blob route and the WebSocket, each behind the gate. Disposing it cuts the
 * WebSockets: the server's own close waits for them, for as long as a page is open.
 */
export function serveHttp(server: Server, options: HttpServerOptions): Disposable {
  const { services, gate, log } = options
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4 * 1024 * 1024, perMessageDeflate: false })
  const socketServer = createSocketServer(services, log)

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, options)
      .catch((error: unknown): Answer => {
        log.error(`GET ${request.url} failed`, error)
        return failure(500, KinoraError.from(error))
      })
      .then((result) => write(request, response, result))
      .catch((error: unknown) => log.warning('An answer could not be sent', error))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    const refusal = refuse(request, gate)
    if (refusal || new URL(request.url ?? '/', 'http://kinora').pathname !== rpcPath) {
      const { status, headers, body } = refusal ?? failure(404, notFound(request.url ?? ''))
      const lines = Object.entries({ ...headers, 'connection': 'close', 'content-length': String(body.length) }).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n`), body]))
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => socketServer.serve(webSocket))
  })
  return toDisposable(() => {
    for (const client of sockets.clients) client.terminate()
  })
}

type Answer = BlobResponse

async function answer(request: IncomingMessage, options: HttpServerOptions): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://kinora')
  if (!isLocalRequest(originOf(request))) return forbidden()
  if (url.pathname === tokenPath && request.method === 'POST') return sellToken(request, options)
  if (request.method !== 'GET' && request.method !== 'HEAD') return failure(405, new KinoraError('usage', `${request.method} is not possible here.`, 'Use GET.'))
  const token = url.searchParams.get('token')
  if (url.pathname === '/' && token !== null) {
    const session = options.gate.exchange(token)
    if (session !== null) return { status: 303, headers: { 'location': '/', 'set-cookie': options.gate.setCookie(session), 'cache-control': 'no-store' }, body: new Uint8Array() }
    // The link of a window that is open already, opened once more.
    if (options.gate.admits(request.headers.cookie)) return { status: 303, headers: { 'location': '/', 'cache-control': 'no-store' }, body: new Uint8Array() }
  }
  const refusal = refuse(request, options.gate)
  if (refusal) return refusal
  if (url.pathname.startsWith('/blob/')) return sliceRange(await handleBlob(request.url ?? '/', options.services), request.headers.range)
  return page(request, url, options)
}

async function page(request: IncomingMessage, url: URL, options: HttpServerOptions): Promise<Answer> {
  // The raw path: URL has already resolved dot segments, which must not be served under another name.
  const rawPath = (request.url ?? '/').split(/[?#]/, 1)[0]!
  const isPlain = rawPath === url.pathname
  const file = isPlain ? await readStaticFile(options.pageRoot, rawPath) : null
  if (file === null) {
    if (rawPath === '/') {
      return failure(503, new KinoraError('not-found', `The page has not been built: there is no ${options.pageRoot}/index.html.`, 'Run `npm run build`, then reload.'))
    }
    return failure(404, notFound(rawPath))
  }
  const result: Answer = {
    status: 200,
    headers: {
      'content-type': file.contentType,
      'cache-control': file.isImmutable ? 'private, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': pagePolicy({ connect: [`ws://${request.headers.host}`] }),
    },
    body: file.bytes,
  }
  return sliceRange(result, request.headers.range)
}

function sellToken(request: IncomingMessage, options: HttpServerOptions): Answer {
  const secret = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (secret === undefined || !isSameSecret(secret, options.instanceSecret)) return unauthorised()
  return json(200, { token: options.gate.issueToken() })
}

function refuse(request: IncomingMessage, gate: Gate): Answer | null {
  if (!isLocalRequest(originOf(request))) return forbidden()
  return gate.admits(request.headers.cookie) ? null : unauthorised()
}

function originOf(request: IncomingMessage): Parameters<typeof isLocalRequest>[0] {
  const { host, origin } = request.headers
  return { host, origin, fetchSite: request.headers['sec-fetch-site'] as string | undefined, fetchMode: request.headers['sec-fetch-mode'] as string | undefined }
}

function forbidden(): Answer {
  return failure(403, new KinoraError('unauthorised', 'This request comes from another site or was sent to another name.', 'Open the address that Kinora printed.'))
}

function unauthorised(): Answer {
  return failure(401, new KinoraError('unauthorised', 'Kinora does not know this browser, or the link was used already.', 'Open the address that Kinora printed in the terminal; `kinora serve` prints a new one.'))
}

function notFound(path: string): KinoraError {
  return new KinoraError('not-found', `There is nothing at ${path}.`, 'Go back to the start page.')
}

function failure(status: number, error: KinoraError): Answer {
  return json(status, error)
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }, body: new TextEncoder().encode(JSON.stringify(value)) }
}

/** A refusal that a person meets in the address bar, as a page instead of JSON. */
function forPeople(request: IncomingMessage, result: Answer): Answer {
  if (result.status < 400 || !(request.headers.accept ?? '').includes('text/html')) return result
  const { message, hint } = JSON.parse(new TextDecoder().decode(result.body)) as { message: string; hint: string }
  const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Kinora</title><h1>Kinora</h1><p>${escape(message)}</p><p>${escape(hint)}</p></html>`
  return { ...result, headers: { ...result.headers, 'content-type': 'text/html; charset=utf-8' }, body: new TextEncoder().encode(html) }
}

async function write(request: IncomingMessage, response: ServerResponse, answered: Answer): Promise<void> {
  const { status, headers, body, rest } = forPeople(request, answered)
  response.writeHead(status, { ...securityHeaders, 'content-security-policy': pagePolicy(), ...headers, ...(rest === undefined && { 'content-length': body.length }) })
  if (rest === undefined || request.method === 'HEAD') {
    await rest?.return()
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  response.write(body)
  // Waits where the reader does, and ends the generator when the reader has gone.
  await pipeline(rest, response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  })
}
