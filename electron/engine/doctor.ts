import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { arch, cpus, release, totalmem, type as osType } from 'node:os'
import { existsSync } from 'node:fs'
import type { DoctorReport } from '../contract/system.ts'
import type { Home } from '../platform/paths.ts'
import { kinoraVersion } from '../platform/version.ts'

/** Free bytes where the home is or will be; null where the system does not tell. */
export async function freeBytes(home: Home): Promise<number | null> {
  let folder = home.root
  while (!existsSync(folder)) {
    const parent = folder.slice(0, Math.max(folder.lastIndexOf('/'), folder.lastIndexOf('\\'), 1))
    if (parent === folder) return null
    folder = parent
  }
  try {
    const space = await statfs(folder)
    return space.bavail * space.bsize
  } catch {
    // Some network and virtual file systems have no such count: the report says unknown.
    return null
  }
}

/**
 * What this machine has and which compute provider `auto` takes. Each provider is tried in a process of its own; a test
 * that passed within the last day is not repeated unless `isFresh`.
 */
export async function doctor(home: Home, { signal, isFresh }: { signal?: AbortSignal; isFresh?: boolean } = {}): Promise<DoctorReport> {
  const { chooseProvider, probeProviders } = await import('../tensor/registry.ts')
  const providers = await probeProviders({ signal, isFresh, cacheDir: home.cache })
  return {
    kinora: kinoraVersion(),
    node: process.version,
    platform: `${osType()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    home: home.root,
    homeFreeBytes: await freeBytes(home),
    providers,
    chosen: chooseProvider(providers),
    optionalParts: await optionalParts(),
  }
}

/** Parts that Kinora uses where they are and does without otherwise. */
async function optionalParts(): Promise<DoctorReport['optionalParts']> {
  const packages = ([
    ['@tensorflow/tfjs-node-gpu', 'TensorFlow with CUDA, taken first where its libraries fit the card'],
    ['sharp', 'reads and writes pictures'],
    ['@mujoco/mujoco', 'the tabletop world'],
  ] as const).map(([name, use]) => {
    const isPresent = isInstalled(name)
    return { name, isPresent, detail: `${isPresent ? 'Found' : 'Not installed'}: ${use}.` }
  })
  const programs = await Promise.all([
    program('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], 'NVIDIA driver', 'NVIDIA cards can compute', 'no NVIDIA card can be used'),
    program('ffmpeg', ['-version'], 'ffmpeg', 'decodes every kind of dataset video', 'videos are decoded by what comes with Kinora'),
    program(process.platform === 'win32' ? 'python' : 'python3', ['-c', 'import sys, importlib.util as u; print("Python", sys.version.split()[0] + "".join(", " + m for m in ("torch", "lerobot", "mujoco") if u.find_spec(m)))'], 'Python peers', 'Kinora never needs them; its tests and benchmarks compare with them', 'Kinora never needs it'),
  ])
  return [...packages, ...programs]
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}

/** Asks a program for its first line, up to a copyright; one that is missing, fails or takes longer than 5 s counts as absent. */
function program(file: string, args: readonly string[], name: string, use: string, without: string): Promise<DoctorReport['optionalParts'][number]> {
  return new Promise((resolve) => {
    execFile(file, [...args], { timeout: 5000, windowsHide: true }, (error, output) => {
      const line = output.split('\n')[0]?.split(' Copyright')[0]?.trim().slice(0, 120)
      if (error !== null || !line) resolve({ name, isPresent: false, detail: `Not found: ${without}.` })
      else resolve({ name, isPresent: true, detail: `${line}: ${use}.` })
    })
  })
}
