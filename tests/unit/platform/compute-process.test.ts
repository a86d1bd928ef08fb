import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { withHugePages } from '../../../electron/platform/compute-process.ts'

const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
const [, minor = 0] = (header.glibcVersionRuntime ?? '').split('.').map(Number)

describe.skipIf(process.platform !== 'linux')('withHugePages', () => {
  it('adds to the tunables that are there, and leaves a choice of the user alone', () => {
    expect(withHugePages({ HOME: '/h' })).toEqual({ HOME: '/h', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' })
    expect(withHugePages({ GLIBC_TUNABLES: 'glibc.malloc.check=1' })).toEqual({ GLIBC_TUNABLES: 'glibc.malloc.check=1:glibc.malloc.hugetlb=1' })
    expect(withHugePages({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' })).toEqual({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' })
  })

  // glibc has the tunable since 2.35; `hg` marks memory for which huge pages were asked.
  it.skipIf(minor < 35 || !existsSync('/sys/kernel/mm/transparent_hugepage/enabled'))('has large arrays of a process asked for in huge pages', () => {
    const program = "new Float32Array(16e6).fill(1); process.stdout.write(String(/^VmFlags:.* hg\\b/m.test(require('fs').readFileSync('/proc/self/smaps', 'utf8'))))"
    const asked = (env: NodeJS.ProcessEnv): string => spawnSync(process.execPath, ['-e', program], { env, encoding: 'utf8' }).stdout
    expect(asked(withHugePages({ ...process.env, GLIBC_TUNABLES: '' }))).toBe('true')
    expect(asked({ ...process.env, GLIBC_TUNABLES: '' })).toBe('false')
  })
})
