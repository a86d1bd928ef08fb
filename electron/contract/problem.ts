import { z } from 'zod'

/** Something wrong with data, told beside the good rows instead of thrown over them. */
export const problemSchema = z.object({
  severity: z.enum(['error', 'warning']),
  /** What is wrong, with the value found and the value expected. */
  what: z.string(),
  /** File, relative to the dataset's folder. */
  file: z.string().optional(),
  episode: z.number().int().optional(),
  /** What the user can do. */
  hint: z.string(),
})
export type Problem = z.infer<typeof problemSchema>
