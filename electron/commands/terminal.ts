/** Where a command writes: results to `out`, everything about the way there to `err`. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether `err` is a terminal that can rewrite a line, and how wide. */
  readonly isInteractive: boolean
  readonly columns: () => number
  /** How wide `out` is; infinite where it is no terminal, so that what a program reads is never broken. */
  readonly outColumns: () => number
  readonly now: () => number
}

/** The process's own streams. A reader that went away (`kinora ... | head`) ends the program quietly. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY === true && process.env.TERM !== 'dumb' && process.env.CI === undefined,
    columns: () => process.stderr.columns ?? 80,
    outColumns: () => process.stdout.columns ?? Infinity,
    now: () => performance.now(),
  }
}
