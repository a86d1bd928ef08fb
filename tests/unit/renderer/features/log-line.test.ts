import { expect, it } from 'vitest'
import { formatLogLine } from '../../../../electron/platform/log.ts'
import { cleanTerminal, readLogLine } from '../../../../renderer/features/runs/log-line.ts'

it('reads lines as the host formats them', () => {
  const line = formatLogLine(JSON.stringify({ time: Date.UTC(2026, 10, 22, 19, 3, 12), level: 'warning', message: 'loss rose', data: { step: 3 } }))
  expect(readLogLine(line)).toEqual({ time: '19:03:12', level: 'warn', message: 'loss rose {"step":3}' })
})

it('shows any other line as it is', () => {
  expect(readLogLine('Traceback: error in native code')).toEqual({ time: '', level: 'error', message: 'Traceback: error in native code' })
  expect(readLogLine('{broken').message).toBe('{broken')
})

it('shows what a terminal would show in the end', () => {
  expect(cleanTerminal('\u001b[32m10 %\u001b[0m\r20 %\r100 % done')).toBe('100 % done')
})
