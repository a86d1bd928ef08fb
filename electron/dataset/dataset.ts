import type { Disposable } from '../base/disposable.ts'
import type { FlowField, RgbImage } from '../base/image.ts'
import type { DatasetDetail } from '../contract/dataset.ts'
import type { VideoFile } from '../formats/video-file.ts'

/** One episode's low-dimensional columns, row-major [frameCount, dimension]. */
export interface EpisodeColumns {
  readonly frameCount: number
  readonly state: Float32Array
  readonly action: Float32Array
  /** Seconds from the episode's start. */
  readonly timestamps: Float64Array
}

/** How an episode's pictures are kept: frames of a video file from `firstFrame` on, or one encoded picture (PNG, JPEG) per frame. */
export type StoredPictures =
  | { readonly kind: 'video'; readonly video: VideoFile; readonly fromSeconds: number; readonly firstFrame: number }
  /** `read` gives those of `count` frames from `first` on. */
  | { readonly kind: 'encoded'; readonly read: (first: number, count: number) => Promise<readonly Uint8Array[]> }

/** All frames of one camera of one episode: data is [frameCount, height, width, 3], 8-bit RGB. */
export interface EpisodeFrames {
  readonly frameCount: number
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/**
 * Robot data on disk, read in place. `detail` has everything that the index knows; bad parts are rows in
 * `detail.problems`, and episodes that cannot be read are left out of `detail.episodes`.
 */
export interface Dataset extends Disposable {
  readonly detail: DatasetDetail
  /** Where what is computed from it may be kept; left out, nothing is. */
  readonly cacheDir?: string | undefined
  readonly stateNames: readonly string[]
  readonly actionNames: readonly string[]
  readEpisode(episode: number): Promise<EpisodeColumns>
  /**
   * One vector feature of `detail.features`, row-major [frameCount, dimension].
   * @throws KinoraError `not-found` where the dataset has no such vector
   */
  readVector(episode: number, key: string): Promise<Float32Array>
  /** A vector feature of whole numbers, which float32 would round from 2^24 on; as `readVector` else. Left out where a source has none. */
  readIntegers?(episode: number, key: string): Promise<BigInt64Array>
  /** A text feature, one a frame; one of the whole episode is repeated. Left out where a source keeps no texts. */
  readText?(episode: number, key: string): Promise<string[]>
  readFrame(episode: number, camera: string, frame: number): Promise<RgbImage>
  readFrames(episode: number, camera: string): Promise<EpisodeFrames>
  /** Frames first..first + count - 1 of a camera; left out where they are no cheaper together, see `readWindow` in frames.ts. */
  readWindow?(episode: number, camera: string, first: number, count: number, into?: Uint8Array): Promise<EpisodeFrames>
  /** For copying, or decoding elsewhere; left out, or null, where pictures have no form of their own. */
  readStored?(episode: number, camera: string): Promise<StoredPictures | null>
  /**
   * Exact flow from frame t to t + horizonSteps (clamped to the last frame) for every t, or null where the source has
   * none. Stored beside the data or rendered again from seed and actions, and cached.
   */
  readFlow(episode: number, camera: string, horizonSteps: number): Promise<readonly FlowField[] | null>
}
