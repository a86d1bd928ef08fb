import { KinoraError } from '../../contract/errors.ts'
import type { ParentChannel } from '../../platform/child-process.ts'
import type { Log } from '../../platform/log.ts'
import type { Home } from '../../platform/paths.ts'
import { Desk } from './desk.ts'
import { processHeartbeatMs, type DeskMethod, type FromDesk, type ToDesk } from '../protocol.ts'

/** Serves a {@link Desk} over the channel to the host until told to exit or until the host has gone. */
export function serveDesk(home: Home, channel: ParentChannel, log: Log): Promise<void> {
  const send = (message: FromDesk): void => channel.send(message)
  const told = new Set<string>()
  const desk = new Desk(home, {
    onReplayProgress: (id, predictedFrames) => send({ type: 'replay-progress', id, predictedFrames }),
    onWarning: (message) => {
      if (told.has(message)) return
      told.add(message)
      log.warning(message)
      send({ type: 'warning', message })
    },
  })
  const heartbeat = setInterval(() => send({ type: 'heartbeat' }), processHeartbeatMs)

  const answer = async (call: number, method: DeskMethod, argument: unknown): Promise<void> => {
    try {
      const value = await (desk[method] as (argument: unknown) => Promise<unknown>)(argument)
      send({ type: 'result', call, value })
    } catch (error) {
      const known = KinoraError.from(error)
      if (known.code === 'internal') log.error(`desk.${method} failed`, error)
      send({ type: 'failure', call, error: known.toJSON() })
    }
  }

  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(heartbeat)
      desk.dispose()
      resolve()
    }
    channel.onClose(end)
    channel.onMessage((raw) => {
      const message = raw as ToDesk
      if (message.type === 'exit') end()
      if (message.type === 'call') void answer(message.call, message.method, message.argument)
    })
    send({ type: 'ready' })
  })
}
