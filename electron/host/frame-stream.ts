import type { FramesQuery } from '../contract/blob.ts'
import type { FrameBatch, FrameBatchRequest } from '../engine/desk/frame-batch.ts'
import type { DatasetPlace } from '../engine/dataset-places.ts'

type ReadBatch = (request: FrameBatchRequest & { id: string; path: string }) => Promise<FrameBatch>

/**
 * Asks the desk for batch after batch: the next one is read while the page takes the present one, and none after the
 * page has gone.
 */
export async function* streamFrames(read: ReadBatch, found: Promise<DatasetPlace>, { episode, cameras, frames, takesEncoded }: FramesQuery): AsyncGenerator<Uint8Array, void, undefined> {
  const { id, path } = await found
  const readFrom = (wanted: readonly number[], sent: FrameBatch['sent']): Promise<FrameBatch> => read({ id, path, episode, cameras, frames: wanted, takesEncoded, sent })
  let next = readFrom(frames, [])
  for (;;) {
    const { bytes, rest, sent } = await next
    if (rest.length > 0) {
      next = readFrom(rest, sent)
      // Met at the next turn, or by nobody when the page has gone.
      next.catch(() => {})
    }
    yield bytes
    if (rest.length === 0) return
  }
}
