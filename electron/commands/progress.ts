import { unitOf } from '../report/numbers.ts'
import type { Terminal } from './terminal.ts'

/**
 * How far a long phase is: one rewritten line with bar, rate and time left on a terminal; elsewhere plain lines, one
 * every 10 % or every few seconds, whichever is later in coming than the other would be noise.
 */
export class Progress {
  readonly #terminal: Terminal
  #phase: { label: string; unit: string; total: number; first: number; startedAt: number } | undefined
  #done = 0
  #printedAt = -Infinity
  #printedShare = 0
  #hasLine = false
  #samples: { at: number; done: number }[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Begins a phase of `total` units, of which `done` exist already (a continued one). Total 0: unknown. */
  start(label: string, total: number, unit: string, done = 0): void {
    this.clear()
    const now = this.#terminal.now()
    this.#phase = { label, unit, total, first: done, startedAt: now }
    this.#done = done
    this.#samples = [{ at: now, done }]
    this.#printedAt = now
    this.#printedShare = total > 0 ? done / total : 0
    if (this.#terminal.isInteractive) this.#draw('')
    else this.#terminal.err(`${label}: ${done > 0 ? `continues at ${done} of ${total} ${unit}` : total > 0 ? `${total} ${unitOf(total, unit)}` : 'begins'}\n`)
  }

  update(done: number, note = ''): void {
    const phase = this.#phase
    if (phase === undefined) return
    const now = this.#terminal.now()
    this.#done = done
    const last = this.#samples[this.#samples.length - 1]!
    if (now - last.at >= 200) {
      this.#samples.push({ at: now, done })
      // The rate of the last ten seconds: what the time left depends on now.
      while (this.#samples.length > 2 && now - this.#samples[1]!.at > 10_000) this.#samples.shift()
    }
    const since = now - this.#printedAt
    const share = phase.total > 0 ? done / phase.total : 0
    if (this.#terminal.isInteractive ? since < 100 && done < phase.total : !this.#isLineDue(since, share, now - phase.startedAt)) return
    this.#printedAt = now
    this.#printedShare = share
    if (this.#terminal.isInteractive) this.#draw(note)
    else this.#terminal.err(`  ${this.#words(note)}\n`)
  }

  #isLineDue(sinceMs: number, share: number, elapsedMs: number): boolean {
    if (share >= this.#printedShare + 0.1 && sinceMs >= 1000) return true
    return sinceMs >= Math.max(5000, elapsedMs / 20)
  }

  /** Ends the phase with one line that stays. */
  finish(note = ''): void {
    const phase = this.#phase
    if (phase === undefined) return
    const seconds = (this.#terminal.now() - phase.startedAt) / 1000
    const made = this.#done - phase.first
    this.clear()
    this.#phase = undefined
    const rate = seconds > 0 && made > 0 ? `, ${rateWords(made / seconds)} ${phase.unit}/s` : ''
    this.#terminal.err(`${phase.label}: ${note === '' ? `${this.#done} ${unitOf(this.#done, phase.unit)}` : note} in ${clock(seconds)}${rate}\n`)
  }

  /** A line of text that stays above the bar. */
  log(text: string): void {
    this.clear()
    this.#terminal.err(`${text}\n`)
    if (this.#phase !== undefined && this.#terminal.isInteractive) this.#draw('')
  }

  /** Takes the rewritten line away; what follows starts at the left. */
  clear(): void {
    if (this.#hasLine) this.#terminal.err('\r\x1b[2K')
    this.#hasLine = false
  }

  #draw(note: string): void {
    const phase = this.#phase!
    const words = this.#words(note)
    const width = 20
    const share = phase.total > 0 ? Math.min(1, this.#done / phase.total) : 0
    const filled = Math.round(share * width)
    const bar = phase.total > 0 ? `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ` : ''
    const line = `${phase.label} ${bar}${words}`
    this.#terminal.err(`\r\x1b[2K${line.slice(0, Math.max(20, this.#terminal.columns() - 1))}`)
    this.#hasLine = true
  }

  #words(note: string): string {
    const phase = this.#phase!
    const parts = [phase.total > 0 ? `${Math.floor((100 * this.#done) / phase.total)} %  ${this.#done}/${phase.total} ${unitOf(phase.total, phase.unit)}` : `${this.#done} ${unitOf(this.#done, phase.unit)}`]
    const rate = this.#rate()
    if (rate > 0) {
      parts.push(`${rateWords(rate)}/s`)
      if (phase.total > this.#done) parts.push(`${clock((phase.total - this.#done) / rate)} left`)
    }
    if (note !== '') parts.push(note)
    return parts.join('  ')
  }

  #rate(): number {
    const first = this.#samples[0]!
    const elapsed = (this.#terminal.now() - first.at) / 1000
    return elapsed < 0.3 ? 0 : (this.#done - first.done) / elapsed
  }
}

export function rateWords(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate >= 10 ? rate.toFixed(1) : rate.toFixed(2)
}

/** Seconds as 0:07, 4:05 or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}
