import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeWindow, readWindowState, smallestWindow, writeWindowState, type Rectangle } from '../../../electron/shell/window-state.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const display: Rectangle = { x: 0, y: 25, width: 1920, height: 1055 }
const second: Rectangle = { x: 1920, y: 0, width: 1280, height: 1024 }

test('a window comes back where it was', () => {
  const saved = { x: 2000, y: 100, width: 900, height: 700, isMaximised: false }
  expect(placeWindow(saved, [display, second])).toEqual(saved)
})

test('a window of a display that has gone comes to the middle of the first, as large as it was', () => {
  expect(placeWindow({ x: 2000, y: 100, width: 900, height: 700, isMaximised: true }, [display])).toEqual({ x: 510, y: 203, width: 900, height: 700, isMaximised: true })
})

test('whatever was stored, the title bar can be reached and the size is usable', () => {
  const number = fc.integer({ min: -10_000, max: 10_000 })
  fc.assert(
    fc.property(fc.record({ x: number, y: number, width: number, height: number, isMaximised: fc.boolean() }), fc.constantFrom([display], [display, second], [second]), (saved, areas) => {
      const placed = placeWindow(saved, areas)
      expect(placed.width).toBeGreaterThanOrEqual(smallestWindow.width)
      expect(placed.height).toBeGreaterThanOrEqual(smallestWindow.height)
      const isReachable = areas.some((area) => Math.min(placed.x + placed.width, area.x + area.width) - Math.max(placed.x, area.x) >= 120 && placed.y >= area.y - 8 && placed.y <= area.y + area.height - 60)
      expect(isReachable).toBe(true)
    }),
  )
})

test('is stored and read; nothing or nonsense is no error', () => {
  const path = join(temporaryFolder(), 'window.json')
  expect(readWindowState(path)).toBeNull()
  writeFileSync(path, '{"x":"left"}')
  expect(readWindowState(path)).toBeNull()
  const state = { x: 1, y: 2, width: 800, height: 600, isMaximised: false }
  writeWindowState(path, state)
  expect(readWindowState(path)).toEqual(state)
})
