/** Where the compute engine tells what it does: one line per compile, warnings about fallbacks. */
export type Log = (level: 'info' | 'warning', message: string) => void

export const silent: Log = () => {}

/** A log that passes on warnings alone. */
export function warningsTo(tell: ((message: string) => void) | undefined): Log {
  return (level, message) => (level === 'warning' ? tell?.(message) : undefined)
}
