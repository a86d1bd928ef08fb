import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Other programs of the field, by the variable that names a Python which has them. Nothing here needs one. */
const interpreters = { h5py: 'KINORA_TORCH_PYTHON', lerobot: 'KINORA_LEROBOT_PYTHON', tensorflow: 'KINORA_TF_PYTHON', torchvision: 'KINORA_TORCHVISION_PYTHON' } as const
export type Peer = keyof typeof interpreters

/** Undefined where the variable is not set, or names a file that is not there. */
export function peerPython(peer: Peer): string | undefined {
  const named = process.env[interpreters[peer]] || undefined
  return named?.includes('/') && !existsSync(named) ? undefined : named
}

/** For names of tests that need one. */
export const wherePeer = (peer: Peer): string => `(skipped where ${interpreters[peer]} names no Python that has ${peer})`

/** Runs a script of `tests/support/peers` to its end. @returns the JSON of the last line that it prints. */
export async function runPeer(peer: Peer, script: string, ...given: readonly (string | number)[]): Promise<unknown> {
  const path = fileURLToPath(new URL(`./peers/${script}.py`, import.meta.url))
  const env = { ...process.env, HF_HUB_OFFLINE: '1', TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' }
  const { stdout } = await promisify(execFile)(peerPython(peer)!, [path, ...given.map(String)], { env, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

/** What `lerobot_read.py` says of a dataset and one frame of it. */
export interface LeRobotReading {
  readonly episodes: number
  readonly frames: number
  readonly fps: number
  readonly item: Readonly<Record<string, unknown>>
}

/** Opens a dataset with lerobot itself. */
export async function readWithLeRobot(path: string, frame = 0): Promise<LeRobotReading> {
  return (await runPeer('lerobot', 'lerobot_read', path, frame)) as LeRobotReading
}
