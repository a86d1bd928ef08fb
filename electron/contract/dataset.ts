import { z } from 'zod'
import { problemSchema } from './problem.ts'

/** Kinds of folders that can be opened; within HDF5 the content tells which benchmark it is. */
export const datasetFormats = ['lerobot', 'rlds', 'hdf5'] as const
export type DatasetFormat = (typeof datasetFormats)[number]

export const featureSchema = z.object({
  key: z.string(),
  dtype: z.string(),
  shape: z.array(z.number().int()),
  names: z.array(z.string()).nullable(),
})
export type Feature = z.infer<typeof featureSchema>

/** Whether a feature is a vector of numbers per frame: it can be state or action of a policy. */
export function isVector({ dtype, shape }: Feature): boolean {
  return /^(float|double|int|uint|bool)/.test(dtype) && shape.length <= 1
}

/** Whether a feature holds whole numbers. */
export function isInteger({ dtype }: Pick<Feature, 'dtype'>): boolean {
  return /^u?int/.test(dtype)
}

/** Whether a feature is a text. */
export function isText({ dtype }: Pick<Feature, 'dtype'>): boolean {
  return dtype === 'string'
}

/** Whether a feature is a camera's pictures. */
export function isPicture({ dtype }: Pick<Feature, 'dtype'>): boolean {
  return dtype === 'image' || dtype === 'video'
}

/** One name per number of a vector feature; numbered where the dataset names none. */
export function vectorNames({ key, shape, names }: Feature): string[] {
  const dimension = shape[0] ?? 1
  const short = key.split(/[./]/).at(-1)!
  if (names !== null && names.length === dimension) return [...names]
  return dimension === 1 ? [short] : Array.from({ length: dimension }, (_, index) => `${short}_${index}`)
}

export const datasetSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  format: z.string(),
  fps: z.number(),
  episodeCount: z.number().int(),
  frameCount: z.number().int(),
  cameras: z.array(z.string()),
  tasks: z.array(z.string()),
  /** An episode that can be shown for the whole; null where none is readable. */
  firstEpisode: z.number().int().nullable().optional(),
  problemCount: z.number().int(),
})
export type DatasetSummary = z.infer<typeof datasetSummarySchema>

export const episodeSummarySchema = z.object({
  index: z.number().int(),
  frameCount: z.number().int(),
  instruction: z.string(),
  seed: z.number().int().nullable(),
  /** The built-in task it was recorded in: with the seed it can be rendered again. */
  taskId: z.string().nullable().optional(),
  /** File that holds its numbers, relative to the dataset's folder. */
  file: z.string().optional(),
  /** Whether it reached its goal, by a success flag or sparse reward of the data; null or left out where they do not say. */
  success: z.boolean().nullable().optional(),
})
export type EpisodeSummary = z.infer<typeof episodeSummarySchema>

export const datasetDetailSchema = datasetSummarySchema.extend({
  features: z.array(featureSchema),
  episodes: z.array(episodeSummarySchema),
  problems: z.array(problemSchema),
})
export type DatasetDetail = z.infer<typeof datasetDetailSchema>

/** One episode's low-dimensional data. `state` and `action` are [frameCount][dimension]. */
export const episodeDetailSchema = episodeSummarySchema.extend({
  fps: z.number(),
  cameras: z.array(z.string()),
  stateNames: z.array(z.string()),
  actionNames: z.array(z.string()),
  state: z.array(z.array(z.number())),
  action: z.array(z.array(z.number())),
})
export type EpisodeDetail = z.infer<typeof episodeDetailSchema>
