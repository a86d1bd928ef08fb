import type { EpisodeSummary } from '../../../contract/dataset.ts'

/** Where one episode lies. Files are relative to the dataset's folder. */
export interface LeRobotEpisode extends EpisodeSummary {
  readonly dataFile: string
  /** Its rows in that file. */
  readonly rowStart: number
  readonly rowEnd: number
  /** By camera key, for cameras kept as video. */
  readonly videos: ReadonlyMap<string, { readonly file: string; readonly fromSeconds: number }>
  /** The built-in task it was recorded in; with the seed it can be rendered again. */
  readonly taskId: string | null
}
