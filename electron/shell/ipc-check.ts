import { z } from 'zod'
import { KinoraError } from '../contract/errors.ts'
import { isOwnAddress } from './policy.ts'

/** The channels between preload and main, and what each may carry. Nothing else is listened to. */
export const ipcPayloads = {
  'kinora:connect': z.tuple([]),
  'kinora:choose-folder': z.tuple([]),
  'kinora:show-folder': z.tuple([z.enum(['run', 'dataset']), z.string().min(1).max(200)]),
} as const
export type IpcChannel = keyof typeof ipcPayloads

/** The part of Electron's event that says who sends. */
export interface IpcSender {
  /** Null when the frame has gone or was never a frame of a page. */
  readonly senderFrame: { readonly url: string; readonly parent: unknown } | null
}

/**
 * The payload of a message that the page's own main frame sent and that has the shape of its channel.
 * @throws KinoraError `unauthorised` for another sender, `usage` for another payload
 */
export function checkIpc<Channel extends IpcChannel>(channel: Channel, event: IpcSender, payload: readonly unknown[]): z.infer<(typeof ipcPayloads)[Channel]> {
  const frame = event.senderFrame
  if (frame === null || frame.parent !== null || !isOwnAddress(frame.url)) {
    throw new KinoraError('unauthorised', `A message on ${channel} came from ${frame === null ? 'no frame' : frame.url}.`, 'Only the workbench\'s own page may send it.')
  }
  const parsed = ipcPayloads[channel].safeParse(payload)
  if (!parsed.success) throw new KinoraError('usage', `A message on ${channel} has the wrong shape: ${parsed.error.issues[0]?.message}.`, 'Reload the page.')
  return parsed.data as z.infer<(typeof ipcPayloads)[Channel]>
}
