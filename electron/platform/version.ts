import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { appRoot } from './entry.ts'

let version: string | undefined

/** Kinora's version, from the package.json of the checkout or the packaged app. */
export function kinoraVersion(): string {
  version ??= (JSON.parse(readFileSync(join(appRoot(), 'package.json'), 'utf8')) as { version: string }).version
  return version
}
