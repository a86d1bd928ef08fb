import { readFileSync } from 'node:fs'

/** Largest resident set of this process so far. */
export function peakBytes(): number {
  return statusBytes('VmHWM') ?? process.resourceUsage().maxRSS * 1024
}

export function residentBytes(): number {
  return statusBytes('VmRSS') ?? process.memoryUsage.rss()
}

function statusBytes(key: string): number | null {
  try {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
    return match ? Number(match[1]) * 1024 : null
  } catch {
    return null
  }
}
