import { BrowserWindow, dialog, ipcMain, MessageChannelMain, shell, type IpcMainEvent, type IpcMainInvokeEvent } from 'electron'
import { KinoraError } from '../contract/errors.ts'
import { portMessage } from '../contract/transport.ts'
import type { Log } from '../platform/log.ts'
import { createPortServer } from '../rpc/transport/message-port.ts'
import type { Services } from '../rpc/services.ts'
import { checkIpc, type IpcSender } from './ipc-check.ts'

/** Answers the preload script: hands ports to the router over, opens the folder dialog, shows known folders. */
export function serveBridge(services: Services, log: Log): void {
  const router = createPortServer(services, log)

  ipcMain.on('kinora:connect', (event: IpcMainEvent, ...payload: unknown[]) => {
    try {
      checkIpc('kinora:connect', sender(event), payload)
    } catch (error) {
      log.warning('A message was refused', error)
      return
    }
    const { port1, port2 } = new MessageChannelMain()
    router.serve(port1)
    port1.start()
    event.sender.postMessage(portMessage, null, [port2])
  })

  ipcMain.handle('kinora:choose-folder', async (event: IpcMainInvokeEvent, ...payload: unknown[]) => {
    checkIpc('kinora:choose-folder', sender(event), payload)
    const window = BrowserWindow.fromWebContents(event.sender)
    const options = { title: 'Choose a dataset folder', properties: ['openDirectory' as const] }
    const result = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options))
    return result.canceled ? null : (result.filePaths[0] ?? null)
  })

  ipcMain.handle('kinora:show-folder', async (event: IpcMainInvokeEvent, ...payload: unknown[]) => {
    const [kind, id] = checkIpc('kinora:show-folder', sender(event), payload)
    // The path comes from the catalogue, never from the page.
    const known = kind === 'run' ? await services.runs.list() : await services.datasets.list()
    const path = known.find((item) => item.id === id)?.path
    if (path === undefined) throw new KinoraError('not-found', `There is no ${kind} "${id}".`, 'Reload the page.')
    shell.showItemInFolder(path)
  })
}

function sender(event: IpcMainEvent | IpcMainInvokeEvent): IpcSender {
  const { senderFrame } = event
  return { senderFrame: senderFrame && { url: senderFrame.url, parent: senderFrame.parent } }
}
