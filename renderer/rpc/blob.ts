import { blobUrl, decodeCurves, type CurveQuery, type SeriesWindow } from '../../electron/contract/blob.ts'
import { decodePieces, type FramePiece } from '../../electron/contract/frame-stream.ts'
import type { RunSummary } from '../../electron/contract/run.ts'
import { errorSchema, KinoraError } from '../../electron/contract/errors.ts'
import { text } from '../text/en.ts'
import { joinAsks } from './join-asks.ts'

/** A raw picture, ready for a canvas: RGBA, row-major, top row first. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray<ArrayBuffer>
}

async function request(path: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, { ...(signal === undefined ? {} : { signal }), credentials: 'same-origin' })
  if (response.ok) return response
  const body: unknown = await response.json().catch(() => undefined)
  const ours = errorSchema.safeParse(body)
  if (ours.success) throw new KinoraError(ours.data.code, ours.data.message, ours.data.hint)
  throw new KinoraError(response.status === 401 ? 'unauthorised' : response.status === 404 ? 'not-found' : 'internal', text.failure.blob(path, response.status), text.failure.blobHint)
}

/** Raw RGBA of `blobUrl.frame(..., 'rgba')` or `blobUrl.replay`; null while it is still being made. */
export async function fetchPicture(path: string, signal?: AbortSignal): Promise<Picture | null> {
  const response = await request(path, signal)
  if (response.status === 204) return null
  const width = Number(response.headers.get('x-kinora-width'))
  const height = Number(response.headers.get('x-kinora-height'))
  const buffer = await response.arrayBuffer()
  if (!(width > 0) || !(height > 0) || buffer.byteLength !== width * height * 4) {
    throw new KinoraError('io', text.failure.pictureSize(path, width, height, buffer.byteLength), text.failure.blobHint)
  }
  return { width, height, data: new Uint8ClampedArray(buffer) }
}

/** Body of `blobUrl.frames`, piece after piece as they come. */
export async function* fetchPieces(path: string, signal: AbortSignal): AsyncGenerator<FramePiece, void, undefined> {
  const { body } = await request(path, signal)
  if (body !== null) yield* decodePieces(partsOf(body))
}

/** A stream's parts; not every browser lets one loop over a stream itself. */
async function* partsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Body of `blobUrl.runs`. The host that serves the page is of its version, so its answer is believed. */
export async function fetchRuns(): Promise<RunSummary[]> {
  return (await (await request(blobUrl.runs)).json()) as RunSummary[]
}

/** Body of `blobUrl.curves`: for each query a window a line. */
async function fetchCurveBatch(queries: readonly CurveQuery[], signal: AbortSignal): Promise<SeriesWindow[][]> {
  const response = await request(blobUrl.curves(queries), signal)
  const windows = decodeCurves(new Float64Array(await response.arrayBuffer()))
  return queries.map(({ lines }) => windows.splice(0, lines.length))
}

/** Windows of one metric, one a line. Charts that ask in the same turn of the event loop share a request. */
export const fetchCurves = joinAsks(fetchCurveBatch, ({ lines }) => lines.flat().length)
