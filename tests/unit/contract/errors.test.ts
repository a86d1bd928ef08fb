import { describe, expect, it } from 'vitest'
import { errorSchema, KinoraError } from '../../../electron/contract/errors.ts'

describe('KinoraError', () => {
  it('survives a border as {code, message, hint}', () => {
    const error = new KinoraError('port-in-use', 'Port 8300 is in use.', 'Choose another with --port.')
    const there = KinoraError.from(errorSchema.parse(JSON.parse(JSON.stringify(error))))
    expect(there).toMatchObject({ code: 'port-in-use', message: 'Port 8300 is in use.', hint: 'Choose another with --port.' })
  })

  it('knows a full disk by the system error', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    expect(KinoraError.from(full).code).toBe('disk-full')
  })
})
