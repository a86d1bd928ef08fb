import { expect, test } from 'vitest'
import { Emitter } from '../../../electron/base/event.ts'
import type { FromDesk } from '../../../electron/engine/protocol.ts'
import { DeskClient } from '../../../electron/host/desk-client.ts'
import { forkFile, type ChildExit, type ChildProcess } from '../../../electron/platform/child-process.ts'
import { silentLog } from '../../../electron/platform/log.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { temporaryHome } from '../../support/run-fixtures.ts'

test('a desk that cannot start is told to those who wait for it, with where to read why', async () => {
  const home = temporaryHome()
  const desk = new DeskClient(home, (_entry, options) => forkFile('/no/such/program.js', options), silentLog)
  desk.start()
  await expect(desk.call('presets', null)).rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('does not start') as string, hint: expect.stringContaining('desk.log') as string })
  await desk.close()
})

test('calls made before it is ready wait for it; after closing they are refused', async () => {
  const desk = new DeskClient(temporaryHome(), spawnIdleEngine, silentLog)
  const early = desk.call('presets', null)
  desk.start()
  expect(await early).toEqual([])
  await expect(desk.call('dataset', { id: 'a', path: '/a' })).rejects.toMatchObject({ code: 'dataset-invalid', hint: 'none' })
  await desk.close()
  await expect(desk.call('presets', null)).rejects.toMatchObject({ code: 'interrupted' })
})

test('passes on what the engine warns of', async () => {
  const messages = new Emitter<unknown>()
  const exits = new Emitter<ChildExit>()
  const child: ChildProcess = { pid: 1, send: () => exits.fire({ code: 0, signal: null }), onMessage: messages.event, onExit: exits.event, kill() {} }
  const desk = new DeskClient(temporaryHome(), () => child, silentLog)
  const warnings: string[] = []
  desk.onWarning((message) => warnings.push(message))
  desk.start()
  messages.fire({ type: 'warning', message: 'onnx-webgpu is here and does not work.' } satisfies FromDesk)
  expect(warnings).toEqual(['onnx-webgpu is here and does not work.'])
  await desk.close()
})
