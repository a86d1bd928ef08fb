import { encodePng } from '../../formats/png.ts'
import { encodeParquet, float32Column, imageColumn, int64Column, listColumn, type ParquetColumn, type ParquetRows } from '../../formats/parquet-write.ts'
import type { EpisodeEntry } from './entries.ts'
import { actionKey, executedActionKey, huggingFaceMetadata, imageKey, indexKeys, stateKey, type RecordingShape } from './features.ts'
import type { RecordedEpisode } from './lerobot-v3.ts'

/** Columns of a data file, in the order of `info.json`. */
export function dataColumns(shape: RecordingShape): ParquetColumn[] {
  return [
    { name: stateKey, kind: listColumn(float32Column) },
    { name: actionKey, kind: listColumn(float32Column) },
    { name: executedActionKey, kind: listColumn(float32Column) },
    ...shape.cameras.map((camera) => ({ name: imageKey(camera), kind: imageColumn })),
    ...indexKeys.map((name) => ({ name, kind: name === 'timestamp' ? float32Column : int64Column })),
  ]
}

/** A parquet file with the rows of one episode, pictures as PNG. */
export function encodeEpisodeRows(shape: RecordingShape, entry: EpisodeEntry, episode: RecordedEpisode): Uint8Array {
  const { frameCount, index } = entry
  const frames = Array.from({ length: frameCount }, (_, frame) => frame)
  const pictureBytes = shape.sizePx ** 2 * 3
  const rows: ParquetRows = {
    [stateKey]: matrixRows(episode.state, frameCount),
    [actionKey]: matrixRows(episode.action, frameCount),
    [executedActionKey]: matrixRows(episode.executedAction ?? episode.action, frameCount),
    timestamp: frames.map((frame) => Math.fround(frame / shape.fps)),
    frame_index: frames.map(BigInt),
    episode_index: frames.map(() => BigInt(index)),
    index: frames.map((frame) => BigInt(entry.firstRow + frame)),
    task_index: frames.map(() => BigInt(entry.taskIndex)),
  }
  for (const camera of shape.cameras) {
    const pixels = episode.frames[camera]!
    rows[imageKey(camera)] = frames.map((frame) => ({
      bytes: encodePng({ width: shape.sizePx, height: shape.sizePx, data: pixels.subarray(frame * pictureBytes, (frame + 1) * pictureBytes) }),
      path: `frame-${String(frame).padStart(6, '0')}.png`,
    }))
  }
  return encodeParquet(dataColumns(shape), [rows], { huggingface: huggingFaceMetadata(shape) })
}

function matrixRows(matrix: Float32Array, rows: number): number[][] {
  const dimension = matrix.length / rows
  return Array.from({ length: rows }, (_, row) => Array.from(matrix.subarray(row * dimension, (row + 1) * dimension)))
}
