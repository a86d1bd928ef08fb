import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
})

/** A fresh folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kinora-test-'))
  made.push(path)
  return path
}
