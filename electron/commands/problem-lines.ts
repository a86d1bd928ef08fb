import type { Problem } from '../contract/problem.ts'
import { counted } from '../report/numbers.ts'

/** Kinds of problems that the text lists. */
const shownKinds = 50

/** Problems of one kind differ in their numbers alone. */
const kindOf = ({ severity, what, hint }: Problem): string => JSON.stringify([severity, what.replaceAll(/\d+/g, '0'), hint])

/**
 * What is wrong with a dataset, each kind once: a copy that is half done lacks a hundred files in one way.
 * @param inFiles how many of them come first and were found when the files were opened, as every list of datasets counts
 */
export function problemLines(problems: readonly Problem[], inFiles: number): string[] {
  if (problems.length === 0) return ['No problems found.']
  const shown = [...Map.groupBy(problems, kindOf).values()]
  return [
    problems.length === inFiles ? `${counted(inFiles, 'problems')}:` : inFiles === 0 ? `${counted(problems.length, 'problems')} in what the files hold:` : `${counted(inFiles, 'problems')} in the files, ${problems.length - inFiles} more in what they hold:`,
    ...shown.slice(0, shownKinds).map(([first, ...others]) => problemText(first!, others)),
    ...(shown.length > shownKinds ? [`  and ${shown.slice(shownKinds).flat().length} more; --json has all`] : []),
  ]
}

function problemText(first: Problem, others: readonly Problem[]): string {
  const { severity, what, file, episode, hint } = first
  const places = [file !== undefined && !what.includes(file) ? file : null, episode !== undefined && !/episode \d/i.test(what) ? `episode ${episode}` : null].filter((place) => place !== null)
  const episodes = others.flatMap((other) => other.episode ?? [])
  const more = others.length === 0 ? '' : ` The same of ${episodes.length === others.length ? `${counted(others.length, 'episodes')}: ${ranges(episodes)}` : `${others.length} more`}.`
  return `  ${severity}: ${what}${places.length === 0 ? '' : ` (${places.join(', ')})`}${more}\n    ${hint}`
}

/** 5 to 9, 11, 13 to 99. */
function ranges(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = []
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run !== undefined && number <= run[1] + 1) run[1] = number
    else runs.push([number, number])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`)).join(', ')
}
