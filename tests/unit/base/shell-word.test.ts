import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { shellWord } from '../../../electron/base/shell-word.ts'

it('leaves plain words as they are', () => {
  expect(['button', '/home/me/runs/a-1', 'a=b,c:d@e+f%g'].map(shellWord)).toEqual(['button', '/home/me/runs/a-1', 'a=b,c:d@e+f%g'])
})

it.skipIf(process.platform === 'win32').each(['my data', "it's $HOME", '数据', 'a;b|c&d', '*', '', '"x"', 'a\\b', 'two\nlines'])('makes one word of %j for a shell (skipped on Windows, whose shell is another)', (word) => {
  expect(execFileSync('sh', ['-c', `printf '%s.' ${shellWord(word)}`], { encoding: 'utf8' })).toBe(`${word}.`)
})
