import type { RgbImage } from '../base/image.ts'
import type { TrainConfig } from '../contract/config.ts'
import type { Evaluation } from '../contract/run.ts'
import type { Chart } from './line-chart.ts'

/** Everything that a report shows. Whoever gathers it has read the run folders; the report computes no result. */
export interface ReportContents {
  readonly title: string
  readonly createdAt: number
  readonly dataset: {
    readonly name: string
    readonly episodeCount: number
    readonly frameCount: number
    readonly fps: number
    readonly cameras: readonly string[]
    readonly tasks: readonly string[]
    readonly note: string
  }
  readonly runs: readonly ReportRun[]
  /** Policies at both ends of the scale, such as `random` and `expert`, on the same seeds. */
  readonly baselines: readonly { readonly name: string; readonly evaluation: Evaluation }[]
  readonly charts: readonly Chart[]
  /** One for each run with a motion head, on the same held-out episodes where they share a dataset. */
  readonly motions: readonly ReportMotion[]
  readonly machine: Readonly<Record<string, string>>
  readonly phases: readonly { readonly name: string; readonly seconds: number; readonly note: string }[]
  /** Shell lines that make this report again. */
  readonly reproduce: readonly string[]
}

export interface ReportRun {
  readonly id: string
  readonly name: string
  readonly path: string
  readonly config: TrainConfig
  readonly provider: string
  readonly checkpointStep: number
  /** Of training, by its records; null where they do not tell. */
  readonly seconds: number | null
  readonly parameters: Readonly<Record<string, number>>
  readonly evaluation: Evaluation | null
  /** What people wrote about it; empty for nothing. */
  readonly notes: string
}

export interface ReportMotion {
  readonly runName: string
  readonly camera: string
  readonly horizonSteps: number
  /** Where the true flow comes from: `exact`, or the name of an estimator; null where future frames are predicted. */
  readonly flowSource: string | null
  readonly sign: TrainConfig['motion']['sign']
  readonly normalisation: TrainConfig['motion']['normalisation']
  /** Upper end of the error pictures' scale, in units of the normalised flow. */
  readonly errorMax: number
  /** Means over every predicted frame with motion, and the same of predicting a white picture. */
  readonly summary: readonly { readonly name: string; readonly unit: string; readonly value: number; readonly reference: number | null; readonly referenceName: string }[]
  readonly framesJudged: number
  readonly episodes: readonly {
    readonly episode: number
    readonly instruction: string
    readonly frames: readonly ReportFrame[]
  }[]
}

export interface ReportFrame {
  readonly frame: number
  readonly camera: RgbImage
  readonly truth: RgbImage
  readonly predicted: RgbImage
  readonly error: RgbImage
  readonly endPointError: number | null
  readonly directionErrorDeg: number | null
  readonly movingIou: number | null
}
