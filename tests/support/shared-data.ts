import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Real samples that are not part of the repository. */
export function sharedData(name: string): string {
  return fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url))
}

export function hasSharedData(name: string): boolean {
  return existsSync(sharedData(name))
}

/** For names of tests that need them. */
export const whereShared = '(skipped where ../shared/data is absent)'
