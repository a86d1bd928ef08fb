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

/** What this machine has and which compute provider `auto` takes. Each provider is tried in a process of its own. */
export async function doctor(home: Home, signal?: AbortSignal): Promise<DoctorReport> {
  const { probeProviders } = await import('../tensor/registry.ts')
  const providers = await probeProviders({ signal })
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
    chosen: providers.find((provider) => provider.status === 'ready')?.name ?? null,
    optionalParts: await optionalParts(),
  }
}

/** Parts that Kinora uses where they are and does without otherwise. */
async function optionalParts(): Promise<DoctorReport['optionalParts']> {
  const parts: DoctorReport['optionalParts'] = []
  for (const [name, use] of [
    ['@tensorflow/tfjs-node-gpu', 'TensorFlow with CUDA: the fastest provider on NVIDIA cards'],
    ['sharp', 'reads and writes pictures'],
    ['@mujoco/mujoco', 'the tabletop world'],
  ] as const) {
    try {
      import.meta.resolve(name)
      parts.push({ name, isPresent: true, detail: `Found: ${use}.` })
    } catch {
      parts.push({ name, isPresent: false, detail: `Not installed: ${use}.` })
    }
  }
  return parts
}
