import { z } from 'zod'
import { curveQuerySchema, encodeCurves, exportFormats, maxImagined, maxStreamed, type CurveQuery, type ExportFormat, type FramesQuery } from '../contract/blob.ts'
import { KinoraError } from '../contract/errors.ts'
import { flowQuerySchema } from '../contract/flow.ts'
import { replaySchema } from '../contract/replay.ts'
import { simulationPanes } from '../contract/simulation.ts'
import type { Picture } from '../engine/protocol.ts'
import { statusOf } from './orpc-error.ts'
import type { Services } from './services.ts'

export interface BlobResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
  /** What comes after `body`, of an answer that is sent while it is made. A failure in it cuts it off: its reader sees that it ends early. */
  readonly rest?: AsyncGenerator<Uint8Array, void, undefined>
}

/** The report is a page of its own: no script, nothing from anywhere, and (sandbox) no access to the workbench's origin. */
export const reportPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * Answers GET /blob/... the same for HTTP and for Electron's protocol. `url` is a path with query. Never rejects: a
 * failure is JSON {code, message, hint} with its status.
 */
export async function handleBlob(url: string, services: Services): Promise<BlobResponse> {
  try {
    return await route(new URL(url, 'http://kinora'), services)
  } catch (error) {
    const known = KinoraError.from(error)
    return {
      status: statusOf(known.code),
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
      body: new TextEncoder().encode(JSON.stringify(known)),
    }
  }
}

async function route(url: URL, services: Services): Promise<BlobResponse> {
  const [root, kind, ...rest] = url.pathname.slice(1).split('/').map(decode)
  if (root === 'blob') {
    const parts = rest as (string | undefined)[]
    const last = /^(.*)\.([a-z]+)$/.exec(parts.at(-1) ?? '')
    const [, stem, ending] = last ?? []
    if (kind === 'frame' && parts.length === 4 && (ending === 'png' || ending === 'rgba')) {
      return picture(await services.datasets.frame(parts[0]!, index(parts[1]), parts[2]!, index(stem), ending, maxPx(url)), ending)
    }
    if (kind === 'frames' && parts.length === 2) {
      const rest = services.datasets.frames(parts[0]!, framesQuery(url, index(parts[1])))
      // Waited for, so that a failure before it has a status of its own.
      const first = await rest.next()
      return { ...ok(first.value ?? new Uint8Array(), { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }), rest }
    }
    if (kind === 'flow' && parts.length === 4 && (ending === 'png' || ending === 'rgba' || ending === 'flo')) {
      const query = flowQuerySchema.safeParse({ source: url.searchParams.get('source') ?? undefined, horizonSteps: bound(url, 'horizon') })
      if (!query.success) throw new KinoraError('usage', `${url.search} does not ask for a flow.`, 'Ask with ?source=auto&horizon=5.')
      const found = await services.datasets.flow(parts[0]!, index(parts[1]), parts[2]!, index(stem), query.data, ending)
      if (found === null) throw new KinoraError('not-found', `The dataset has no ${query.data.source} flow of camera "${parts[2]!}".`, 'Ask with source=dis to have it estimated.')
      return picture(found, ending)
    }
    if (kind === 'replay' && parts.length === 3 && ending === 'rgba') {
      const pane = replaySchema.shape.panes.element.safeParse(parts[1])
      if (pane.success) return picture(await services.replays.frame(parts[0]!, pane.data, index(stem)), ending)
    }
    if (kind === 'simulation' && parts.length === 3 && ending === 'rgba') {
      const pane = simulationPanes.find((one) => one === parts[1])
      if (pane !== undefined) return picture(await services.simulations.frame(parts[0]!, pane, index(stem)), ending)
    }
    if (kind === 'imagined' && parts.length === 2 && ending === 'rgba') {
      return picture(await services.replays.imagine(parts[0]!, index(stem), ...imagining(url)), ending)
    }
    if (kind === 'runs.json' && parts.length === 0) {
      return ok(new TextEncoder().encode(JSON.stringify(await services.runs.list())), { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    }
    if (kind === 'curves' && parts.length === 0) {
      const windows = await Promise.all(curveQueries(url).map((query) => services.runs.curves(query)))
      const packed = encodeCurves(windows.flat())
      return ok(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength), { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
    }
    if (kind === 'csv' && parts.length === 1) {
      return download(new TextEncoder().encode(await services.runs.csv(listOf(url, 'runs'), parts[0]!)), `${parts[0]}.csv`, 'text/csv; charset=utf-8')
    }
    const format = exportFormats.find((one) => one === ending)
    if (kind === 'export' && parts.length === 1 && format !== undefined) {
      // TensorBoard finds event files by this beginning of their name.
      const name = format === 'tfevents' ? `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${stem}` : `${stem}.${format}`
      return download(await services.runs.exported(stem!, format), name, exportTypes[format])
    }
    if (kind === 'samples' && parts.length === 2 && ending === 'png') {
      return ok(await services.runs.samples(parts[0]!, index(stem)), { 'content-type': 'image/png', 'cache-control': 'no-cache' })
    }
    if (kind === 'report' && parts.length === 1 && ending === 'html') {
      const html = await services.reports.read(stem!)
      return ok(new TextEncoder().encode(html), { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': reportPolicy })
    }
  }
  throw new KinoraError('not-found', `There is nothing at ${url.pathname}.`, 'The addresses are those of contract/blob.ts.')
}

function framesQuery(url: URL, episode: number): FramesQuery {
  const cameras = url.searchParams.getAll('camera')
  const frames = (url.searchParams.get('frames') ?? '').split(',').filter(Boolean).map(index)
  if (cameras.length === 0 || frames.length === 0 || Math.max(cameras.length, frames.length) > maxStreamed) {
    throw new KinoraError('usage', `${url.search.slice(0, 200)} does not ask for frames.`, `Ask with ?camera=<name>&frames=0,1,2, for at most ${maxStreamed} of each.`)
  }
  return { episode, cameras, frames, takesEncoded: url.searchParams.get('encoded') === '1' }
}

const exportTypes: Readonly<Record<ExportFormat, string>> = { csv: 'text/csv; charset=utf-8', json: 'application/json; charset=utf-8', tfevents: 'application/octet-stream' }

function curveQueries(url: URL): CurveQuery[] {
  const hint = 'Ask with ?of= and a JSON list of queries, as blobUrl.curves of contract/blob.ts writes it.'
  let asked: unknown
  try {
    asked = JSON.parse(url.searchParams.get('of') ?? '')
  } catch (error) {
    throw new KinoraError('usage', 'The question for curves is no JSON.', hint, { cause: error })
  }
  const parsed = z.array(curveQuerySchema).min(1).max(200).safeParse(asked)
  if (!parsed.success) throw new KinoraError('usage', `The question for curves is not valid. ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}.`, hint)
  return parsed.data
}

function listOf(url: URL, name: string): string[] {
  const list = (url.searchParams.get(name) ?? '').split(',').filter(Boolean)
  if (list.length === 0 || list.length > 1000) throw new KinoraError('usage', `${name} must name from 1 to 1000 runs.`, `Ask with ?${name}=<id>,<id>.`)
  return list
}

function download(body: Uint8Array, name: string, contentType: string): BlobResponse {
  return ok(body, { 'content-type': contentType, 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${name.replace(/[^\w.-]+/g, '-')}"` })
}

/** 204 for a picture that is still being made. */
function picture(image: Picture | null, format: 'png' | 'rgba' | 'flo'): BlobResponse {
  if (image === null) return { status: 204, headers: { 'cache-control': 'no-store' }, body: new Uint8Array() }
  return ok(image.bytes, {
    'content-type': format === 'png' ? 'image/png' : 'application/octet-stream',
    // A dataset recorded anew under the same name must not show old frames.
    'cache-control': 'no-cache',
    'x-kinora-width': String(image.width),
    'x-kinora-height': String(image.height),
  })
}

function ok(body: Uint8Array, headers: Record<string, string>): BlobResponse {
  return { status: 200, headers, body }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new KinoraError('usage', `"${segment}" is not a valid part of an address.`, 'Encode each part with encodeURIComponent.')
  }
}

function index(text: string | undefined): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) throw new KinoraError('usage', `Expected a whole number in the address, got "${text}".`, 'The addresses are those of contract/blob.ts.')
  return Number(text)
}

/** Seeds and Euler steps of an address. */
function imagining(url: URL): [seeds: number[], steps: number] {
  const seeds = (url.searchParams.get('seeds') ?? '0').split(',').map(index)
  const steps = index(url.searchParams.get('steps') ?? undefined)
  if (steps < 1 || seeds.length * steps > maxImagined) {
    throw new KinoraError('usage', `${seeds.length} samples of ${steps} denoising steps cannot be drawn at once.`, `Ask for at least one step, and for at most ${maxImagined} steps over all samples.`)
  }
  return [seeds, steps]
}

function maxPx(url: URL): number | undefined {
  const text = url.searchParams.get('max')
  if (text === null) return undefined
  if (!/^\d{1,4}$/.test(text) || Number(text) < 1) throw new KinoraError('usage', `max must be a whole number from 1 to 9999, got "${text}".`, 'Leave it out for the whole picture.')
  return Number(text)
}

function bound(url: URL, name: 'from' | 'to' | 'horizon'): number | undefined {
  const text = url.searchParams.get(name)
  if (text === null) return undefined
  const value = Number(text)
  if (text === '' || !Number.isFinite(value)) throw new KinoraError('usage', `${name} must be a number, got "${text}".`, 'Leave it out for the whole series.')
  return value
}
