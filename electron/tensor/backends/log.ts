/** Where the compute engine tells what it does: one line per compile, warnings about fallbacks. */
export type Log = (level: 'info' | 'warning', message: string) => void

export const silent: Log = () => {}
