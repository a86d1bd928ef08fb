import { join } from 'node:path'
import { LeRobotV3Writer } from '../../electron/dataset/writer/lerobot-v3.ts'
import type { Home } from '../../electron/platform/paths.ts'
import { movingSquares, type MovingSquaresOptions } from './moving-squares.ts'

/** The moving squares as a real recording `<home>/datasets/<name>`, with their flow over 3 steps. */
export async function recordSquares(home: Home, name = 'squares', options: MovingSquaresOptions = {}): Promise<string> {
  const squares = movingSquares(options)
  const path = join(home.datasets, name)
  const horizonSteps = 3
  const writer = await LeRobotV3Writer.create(path, { fps: 10, cameras: squares.detail.cameras, sizePx: options.sizePx ?? 16, stateNames: [...squares.stateNames], actionNames: [...squares.actionNames], robotType: 'square' })
  for (const { index, frameCount, instruction } of squares.detail.episodes) {
    const { state, action } = await squares.readEpisode(index)
    const frames = Object.fromEntries(await Promise.all(squares.detail.cameras.map(async (camera) => [camera, (await squares.readFrames(index, camera)).data] as const)))
    const flow = (await squares.readFlow(index, 'front', horizonSteps)) ?? []
    await writer.append({ taskId: null, seed: index, instruction, success: true, frameCount, state, action, frames, flow: { front: flow, mirrored: [] }, horizonSteps })
  }
  await writer.finish()
  return path
}
