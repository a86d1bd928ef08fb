import { desktopOrigin } from '../contract/transport.ts'
import { pagePolicy, securityHeaders } from '../host/page-policy.ts'
import { readStaticFile } from '../host/static-files.ts'
import { handleBlob, type BlobResponse } from '../rpc/blob.ts'
import { sliceRange } from '../rpc/byte-range.ts'
import type { Services } from '../rpc/services.ts'

export interface AppRequest {
  readonly url: string
  readonly method: string
  readonly range: string | undefined
}

/**
 * Answers app://kinora/...: the built page, and the blob route. The same root check as the headless host's, and the same
 * policy on every answer.
 */
export async function answerAppRequest(request: AppRequest, services: Services, pageRoot: string): Promise<BlobResponse> {
  const answer = await route(request, services, pageRoot)
  return { ...answer, headers: { ...securityHeaders, 'content-security-policy': pagePolicy({ origin: desktopOrigin }), ...answer.headers } }
}

async function route(request: AppRequest, services: Services, pageRoot: string): Promise<BlobResponse> {
  const url = new URL(request.url)
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'Method not allowed')
  if (`${url.protocol}//${url.host}` !== desktopOrigin) return plain(404, 'Not found')
  if (url.pathname.startsWith('/blob/')) return sliceRange(await handleBlob(url.pathname + url.search, services), request.range)
  const file = await readStaticFile(pageRoot, url.pathname)
  if (file === null) return plain(404, 'Not found')
  return sliceRange({ status: 200, headers: { 'content-type': file.contentType, 'cache-control': 'no-cache' }, body: file.bytes }, request.range)
}

/** Parts as a response's body: read as its reader asks, ended when it goes. */
export function streamOf(first: Uint8Array, rest: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    pull: async (controller) => {
      const { done, value } = await rest.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => void (await rest.return()),
  })
}

function plain(status: number, text: string): BlobResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: new TextEncoder().encode(text) }
}
