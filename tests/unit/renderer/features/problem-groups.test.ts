import { describe, expect, it } from 'vitest'
import type { Problem } from '../../../../electron/contract/problem.ts'
import { groupProblems } from '../../../../renderer/features/datasets/problem-groups.ts'

const missing = (episode: number): Problem => ({ severity: 'error', what: `The data of episode ${episode} are missing.`, episode, hint: 'Copy the file.' })
const gap: Problem = { severity: 'warning', what: 'Timestamps jump.', hint: 'Frames are taken in order.' }

describe('problems of a dataset', () => {
  it('that are alike are told once, in the order of their firsts', () => {
    expect(groupProblems([missing(0), gap, missing(1), missing(2), missing(5)])).toEqual([
      { first: missing(0), more: [missing(1), missing(2), missing(5)] },
      { first: gap, more: [] },
    ])
  })

  it('stay apart where they are few, or differ in weight', () => {
    expect(groupProblems([missing(0), missing(1), missing(2)])).toHaveLength(3)
    expect(groupProblems([missing(0), missing(1), missing(2), { ...missing(3), severity: 'warning' }])).toHaveLength(4)
  })
})
