import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkIpc, ipcPayloads, type IpcChannel } from '../../../electron/shell/ipc-check.ts'

const page = { senderFrame: { url: 'app://kinora/index.html#/runs', parent: null } }

test('the page\'s own main frame is heard', () => {
  expect(checkIpc('kinora:connect', page, [])).toEqual([])
  expect(checkIpc('kinora:show-folder', page, ['run', 'nano-1'])).toEqual(['run', 'nano-1'])
})

test.each([
  ['a frame that has gone', { senderFrame: null }],
  ['a frame within the page', { senderFrame: { url: 'app://kinora/index.html', parent: {} } }],
  ['another origin', { senderFrame: { url: 'https://example.org/', parent: null } }],
  ['an origin that only begins alike', { senderFrame: { url: 'app://kinora.evil/', parent: null } }],
  ['a blank page', { senderFrame: { url: 'about:blank', parent: null } }],
])('%s is not', (_, sender) => {
  for (const channel of Object.keys(ipcPayloads) as IpcChannel[]) expect(() => checkIpc(channel, sender, [])).toThrow(expect.objectContaining({ code: 'unauthorised' }))
})

test('whatever else is sent is refused and changes nothing', () => {
  const isPayload = (payload: readonly unknown[]): boolean => payload.length === 2 && (payload[0] === 'run' || payload[0] === 'dataset') && typeof payload[1] === 'string' && payload[1].length > 0 && payload[1].length <= 200
  fc.assert(
    fc.property(fc.array(fc.anything(), { maxLength: 4 }), (payload) => {
      if (isPayload(payload)) return
      expect(() => checkIpc('kinora:show-folder', page, payload)).toThrow(expect.objectContaining({ code: 'usage' }))
      if (payload.length > 0) expect(() => checkIpc('kinora:connect', page, payload)).toThrow(expect.objectContaining({ code: 'usage' }))
    }),
    { numRuns: 500 },
  )
})
