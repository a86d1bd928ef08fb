import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { contract, KinoraEvent } from '../../../electron/contract/rpc.ts'
import { writeStatus, readStatus } from '../../../electron/engine/runs/run-folder.ts'
import { Workbench } from '../../../electron/host/workbench.ts'
import type { Home } from '../../../electron/platform/paths.ts'
import { createLog, type LogRecord } from '../../../electron/platform/log.ts'
import { createPortServer } from '../../../electron/rpc/transport/message-port.ts'
import { createSocketServer } from '../../../electron/rpc/transport/websocket.ts'
import type { Services } from '../../../electron/rpc/services.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, temporaryHome, until } from '../../support/run-fixtures.ts'

type Client = ContractRouterClient<typeof contract>

/** How a page reaches the router: one suite, each transport. */
const transports: Record<string, (services: Services, records: LogRecord[]) => Promise<{ client: Client; cut(): void; close(): Promise<void> }>> = {
  async websocket(services, records) {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const sockets = createSocketServer(services, createLog((record) => records.push(record)))
    const upgrades = new WebSocketServer({ server })
    upgrades.on('connection', (socket) => sockets.serve(socket))
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    return {
      client: createORPCClient(new SocketLink({ websocket: socket as unknown as globalThis.WebSocket })),
      cut: () => socket.terminate(),
      close: async () => {
        socket.terminate()
        for (const client of upgrades.clients) client.terminate()
        await new Promise((resolve) => server.close(resolve))
      },
    }
  },
  async 'message port'(services, records) {
    const { port1, port2 } = new MessageChannel()
    createPortServer(services, createLog((record) => records.push(record))).serve(port1)
    const client = createORPCClient<Client>(new PortLink({ port: port2 }))
    port1.start()
    port2.start()
    return { client, cut: () => port2.close(), close: async () => port2.close() }
  },
}

describe.each(Object.keys(transports))('over %s', (name) => {
  let home: Home
  let workbench: Workbench
  let line: Awaited<ReturnType<(typeof transports)[string]>>
  const records: LogRecord[] = []

  beforeAll(async () => {
    home = temporaryHome()
    workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
    countListeners(workbench.services)
    line = await transports[name]!(workbench.services, records)
  })
  afterAll(async () => {
    await line.close()
    await workbench.close()
  })

  test('calls are answered, with input and without', async () => {
    const info = await line.client.system.info()
    expect(info).toMatchObject({ home: home.root, host: 'headless' })
    const run = await line.client.runs.create({ name: 'über die Leitung', config: { data: { dataset: 'cups' } } })
    expect((await line.client.runs.get({ id: run.id })).name).toBe('über die Leitung')
    expect((await line.client.runs.list()).map(({ id }) => id)).toContain(run.id)
    await until(async () => (await line.client.runs.get({ id: run.id })).status.state === 'running')
    await line.client.runs.stop({ id: run.id })
    await until(async () => (await line.client.runs.get({ id: run.id })).status.state === 'stopped')
  })

  test.each([
    ['a run that is not there', (client: Client) => client.runs.get({ id: 'nobody' }), 'not-found'],
    ['input that is no input', (client: Client) => client.runs.get({ id: 3 } as never), 'usage'],
    ['a configuration with mistakes', (client: Client) => client.runs.create({ name: 'x', config: { steps: 0 } }), 'config-invalid'],
    ['a folder that is not there', (client: Client) => client.datasets.add({ path: '/no/such/folder' }), 'dataset-invalid'],
    ['a method that is not there', (client: Client) => (client as unknown as { runs: { fly(): Promise<void> } }).runs.fly(), 'not-found'],
  ])('%s is refused with code, message and hint in data', async (_, call, code) => {
    const error: unknown = await call(line.client).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ORPCError)
    const { data } = error as ORPCError<string, { code: string; message: string; hint: string }>
    expect(data).toMatchObject({ code, message: expect.stringMatching(/.{10}/) as string, hint: expect.stringMatching(/.{5}/) as string })
  })

  test('the event stream stands at once and brings what changes in batches', async () => {
    const abort = new AbortController()
    const stream = await line.client.events(undefined, { signal: abort.signal })
    const first = await stream.next()
    expect(first.value).toMatchObject([{ type: 'system-changed' }])
    const { path, identity } = await makeRun(home, 'watched')
    await writeStatus(path, { ...(await readStatus(path)), state: 'paused' })
    const seen: KinoraEvent[] = []
    while (!seen.some((event) => event.type === 'run-changed' && event.run.id === identity.id && event.run.status.state === 'paused')) seen.push(...((await stream.next()).value as KinoraEvent[]))
    abort.abort()
  })

  test('ending the stream ends it at the host, too', async () => {
    const listeners = (): number => countListeners(workbench.services)
    // That of the test before goes once the host has heard of it.
    await until(() => listeners() === 0)
    const abort = new AbortController()
    const stream = await line.client.events(undefined, { signal: abort.signal })
    await stream.next()
    await until(() => listeners() === 1)
    abort.abort()
    await until(() => listeners() === 0)
  })

  test('a cut line ends its streams at the host', async () => {
    const other = await transports[name]!(workbench.services, records)
    const before = countListeners(workbench.services)
    await (await other.client.events()).next()
    await until(() => countListeners(workbench.services) === before + 1)
    other.cut()
    await until(() => countListeners(workbench.services) === before)
    await other.close()
  })

  test('nothing of the above was an unforeseen failure', () => {
    expect(records.filter((record) => record.level === 'error')).toEqual([])
  })
})

const counts = new WeakMap<Services, { value: number }>()

/** How many listen to the host's events: counted by wrapping the event, once per workbench and before a line takes it. */
function countListeners(services: Services): number {
  let count = counts.get(services)
  if (count === undefined) {
    const own = (count = { value: 0 })
    const { onEvent } = services
    Object.assign(services, {
      onEvent: ((listener) => {
        own.value++
        const subscription = onEvent(listener)
        let isCounted = true
        return {
          dispose: () => {
            if (isCounted) own.value--
            isCounted = false
            subscription.dispose()
          },
        }
      }) satisfies Services['onEvent'],
    })
    counts.set(services, count)
  }
  return count.value
}
