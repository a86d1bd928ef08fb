import { expect, test } from 'vitest'
import { Audience } from '../../../electron/rpc/audience.ts'
import { EventPace } from '../../../electron/rpc/event-batches.ts'

test('an audience is attended while somebody is at one of its pages, and tells of each change', () => {
  const audience = new Audience()
  const told: boolean[] = []
  audience.onDidChange(() => told.push(audience.isAttended))
  expect(audience.isAttended).toBe(false)
  const [one, other] = [new EventPace(), new EventPace()]
  const first = audience.join(one)
  const second = audience.join(other)
  one.attend(false)
  expect(audience.isAttended).toBe(true)
  other.attend(false)
  expect(audience.isAttended).toBe(false)
  one.attend(true)
  first.dispose()
  first.dispose()
  expect(audience.isAttended).toBe(false)
  second.dispose()
  one.attend(false)
  expect(told).toEqual([true, true, true, false, true, false, false])
})
