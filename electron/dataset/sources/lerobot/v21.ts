import { z } from 'zod'
import { KinoraError } from '../../../contract/errors.ts'
import type { ProblemLog } from '../../problems.ts'
import { fillTemplate } from '../../recording-layout.ts'
import type { LeRobotEpisode } from './episode.ts'
import { readText, type LeRobotInfo } from './info.ts'

const episodeSchema = z.object({
  episode_index: z.number().int().min(0).max(99_999_999),
  tasks: z.union([z.array(z.string()), z.string()]).default([]),
  length: z.number().int().positive().max(100_000_000),
})

/** The episodes of a LeRobot v2.0 or v2.1 dataset, from `meta/episodes.jsonl`; one data file and video per episode. */
export async function readV21Episodes(root: string, info: LeRobotInfo, cameraKeys: readonly string[], problems: ProblemLog): Promise<LeRobotEpisode[]> {
  const file = 'meta/episodes.jsonl'
  const text = await readText(root, file, 2 ** 29)
  if (text === null) throw new KinoraError('dataset-invalid', `${root} has no ${file}.`, 'Copy the folder meta from the source of the dataset.')
  const videoKeys = cameraKeys.filter((key) => info.features[key]!.dtype === 'video')
  if (videoKeys.length > 0 && !info.video_path) problems.error('meta/info.json has cameras kept as video, but no video_path.', 'Add the template that LeRobot writes.', { file: 'meta/info.json' })
  const episodes = new Map<number, LeRobotEpisode>()
  for (const [number, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = parseLine(line)
    if (!parsed.success) {
      problems.error(`Line ${number + 1} does not describe an episode: ${parsed.message}.`, 'The file is cut or was changed: copy it again.', { file })
      continue
    }
    const { episode_index: index, tasks, length } = parsed.data
    if (episodes.has(index)) {
      problems.warning(`Episode ${index} is listed twice (line ${number + 1}).`, 'The first line counts. Correct the file.', { file, episode: index })
      continue
    }
    const values = { episode_chunk: Math.floor(index / info.chunks_size), episode_index: index }
    episodes.set(index, {
      index,
      frameCount: length,
      instruction: typeof tasks === 'string' ? tasks : tasks.join('; '),
      seed: null,
      taskId: null,
      dataFile: fillTemplate(info.data_path, values),
      rowStart: 0,
      rowEnd: length,
      videos: new Map(videoKeys.map((key) => [key, { file: fillTemplate(info.video_path ?? '', { ...values, video_key: key }), fromSeconds: 0 }])),
    })
  }
  return [...episodes.values()].sort((a, b) => a.index - b.index)
}

function parseLine(line: string): { success: true; data: z.infer<typeof episodeSchema> } | { success: false; message: string } {
  try {
    const parsed = episodeSchema.safeParse(JSON.parse(line))
    return parsed.success ? parsed : { success: false, message: `${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}` }
  } catch {
    return { success: false, message: 'it is no JSON' }
  }
}
