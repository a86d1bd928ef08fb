import { expect, it } from 'vitest'
import { problemLines } from '../../../electron/commands/problem-lines.ts'
import type { Problem } from '../../../electron/contract/problem.ts'

const missing = (episode: number): Problem => ({ severity: 'error', what: `The data of episode ${episode} are missing: there is no data/${episode}.parquet.`, hint: 'Copy it.', file: `data/${episode}.parquet`, episode })

it('tells each kind once, with the episodes', () => {
  const lines = problemLines([3, 5, 6, 7, 11].map(missing), 5)
  expect(lines).toEqual(['5 problems:', '  error: The data of episode 3 are missing: there is no data/3.parquet. The same of 4 episodes: 5 to 7, 11.\n    Copy it.'])
})

it('names file and episode where the words do not', () => {
  const problem: Problem = { severity: 'warning', what: 'It is cut.', hint: 'Copy it again.', file: 'a.parquet', episode: 2 }
  expect(problemLines([problem], 1)).toEqual(['1 problem:', '  warning: It is cut. (a.parquet, episode 2)\n    Copy it again.'])
  expect(problemLines([problem, { ...problem, episode: undefined }], 1).join('\n')).toContain('1 problem in the files, 1 more in what they hold:\n  warning: It is cut. (a.parquet, episode 2) The same of 1 more.')
})

it('says where they are, when all are in the numbers', () => {
  expect(problemLines([missing(1)], 0)[0]).toBe('1 problem in what the files hold:')
})

it('keeps apart what differs in more than numbers, and counts what it leaves out', () => {
  const kinds = Array.from({ length: 60 }, (_, index): Problem => ({ severity: 'warning', what: `kind ${'x'.repeat(index)}`, hint: '' }))
  const lines = problemLines([...kinds, ...kinds], 120)
  expect(lines).toHaveLength(52)
  expect(lines.at(-1)).toBe('  and 20 more; --json has all')
  expect(problemLines([], 0)).toEqual(['No problems found.'])
})
