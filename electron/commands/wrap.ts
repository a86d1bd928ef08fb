/**
 * Breaks lines at spaces so that none is wider than `width`; what follows hangs under the line's last column (what
 * stands behind two spaces or more), or under its indentation where that column begins in the right half.
 */
export function wrapped(text: string, width: number): string {
  return text.split('\n').map((line) => wrappedLine(line, width)).join('\n')
}

function wrappedLine(line: string, width: number): string {
  if (line.length <= width) return line
  // The rule under a table's header is no text.
  if (/^[- ]+$/.test(line)) return line.slice(0, width)
  const indentation = /^ */.exec(line)![0].length
  const columns = [...line.slice(0, width).matchAll(/ {2,}(?=\S)/g)].map(({ index, 0: gap }) => index + gap.length)
  const hanging = columns.findLast((column) => column <= width / 2) ?? indentation
  const end = breakIn(line, width, hanging)
  return end === null ? line : `${line.slice(0, end).trimEnd()}\n${wrappedLine(' '.repeat(hanging) + line.slice(end).trimStart(), width)}`
}

/** Where to break: the last space that fits, else the first one after it; never within the hanging indentation. */
function breakIn(line: string, width: number, hanging: number): number | null {
  const last = line.lastIndexOf(' ', width)
  if (last > hanging) return last
  const next = line.indexOf(' ', Math.max(width, hanging))
  return next < 0 ? null : next
}

/** A shell command that is wider than `width`, continued with backslashes before its options. */
export function wrappedCommand(command: string, width: number): string {
  const lines: string[] = []
  for (const part of command.split(/ (?=--)/)) {
    const last = lines.at(-1)
    // Two for the backslash.
    if (last !== undefined && last.length + 1 + part.length <= width - 2) lines[lines.length - 1] = `${last} ${part}`
    else lines.push(last === undefined ? part : `    ${part}`)
  }
  return lines.join(' \\\n')
}
