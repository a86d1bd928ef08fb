import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeFileAtomicSync } from '../platform/fs-atomic.ts'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const stateSchema = z.object({ x: z.number().int(), y: z.number().int(), width: z.number().int(), height: z.number().int(), isMaximised: z.boolean() })
export type WindowState = z.infer<typeof stateSchema>

export const smallestWindow = { width: 720, height: 480 }
const preferred = { width: 1360, height: 860 }

/**
 * Where the window goes: where it was, if enough of its title bar would lie on a display that is still there; else in the
 * middle of the first. Never larger than the display and never smaller than usable.
 */
export function placeWindow(saved: WindowState | null, workAreas: readonly Rectangle[]): WindowState {
  const first = workAreas[0] ?? { x: 0, y: 0, ...preferred }
  const fit = (area: Rectangle): { width: number; height: number } => ({
    width: clamp(saved?.width ?? preferred.width, smallestWindow.width, area.width),
    height: clamp(saved?.height ?? preferred.height, smallestWindow.height, area.height),
  })
  // Judged by the size that it will have, not by the one it had.
  const home = saved && workAreas.find((area) => overlap(saved.x, fit(area).width, area.x, area.width) >= 120 && saved.y >= area.y - 8 && saved.y <= area.y + area.height - 60)
  const { width, height } = fit(home ?? first)
  if (saved && home) return { x: saved.x, y: saved.y, width, height, isMaximised: saved.isMaximised }
  return { x: Math.round(first.x + (first.width - width) / 2), y: Math.round(first.y + (first.height - height) / 2), width, height, isMaximised: saved?.isMaximised ?? false }
}

/** The stored state, or null when there is none that is whole: a lost position is no error. */
export function readWindowState(path: string): WindowState | null {
  try {
    const parsed = stateSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

export function writeWindowState(path: string, state: WindowState): void {
  writeFileAtomicSync(path, JSON.stringify(state))
}

function overlap(start: number, length: number, otherStart: number, otherLength: number): number {
  return Math.min(start + length, otherStart + otherLength) - Math.max(start, otherStart)
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(Math.min(low, high), Math.min(value, high))
}
