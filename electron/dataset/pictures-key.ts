import { chooseDecoder } from '../formats/video-decoder.ts'
import type { Dataset } from './dataset.ts'

/**
 * Names the pictures of one camera of an episode by the bytes that they are decoded from, wherever these lie: what is made
 * of them can be found again without decoding. Null where they are not video, as single pictures are quick to decode.
 */
export async function picturesKey(dataset: Dataset, episode: number, camera: string): Promise<string | null> {
  const stored = await dataset.readStored?.(episode, camera)
  if (stored?.kind !== 'video') return null
  const { video, firstFrame } = stored
  // Decoders round differently.
  const { name } = await chooseDecoder(video.codec, video.path)
  return `${name} ${await video.hash()} from ${firstFrame}`
}
