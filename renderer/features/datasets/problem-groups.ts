import type { Problem } from '../../../electron/contract/problem.ts'

/** Problems that say the same of several places: the first stands for those that `more` holds. */
export interface ProblemGroup {
  readonly first: Problem
  readonly more: readonly Problem[]
}

/** So few of one kind are read faster than they are opened. */
const apartUpTo = 3

/** What is wrong in one way, and mended in one way, is told once: a download that lacks 96 files is one thing to do. In the order of their firsts. */
export function groupProblems(problems: readonly Problem[]): ProblemGroup[] {
  const kinds = new Map<string, Problem[]>()
  for (const problem of problems) {
    const kind = `${problem.severity}\n${problem.hint}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), problem])
  }
  return [...kinds.values()].flatMap((alike) => (alike.length <= apartUpTo ? alike.map((first) => ({ first, more: [] })) : [{ first: alike[0]!, more: alike.slice(1) }]))
}
