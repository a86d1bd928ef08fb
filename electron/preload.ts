/**
 * The only code that sees both Electron and the page. It runs in a sandbox, exposes one frozen object (DesktopApi) and
 * passes no Electron object on: events stay here, and the port goes to the page by a window message.
 */
import { contextBridge, ipcRenderer } from 'electron'
import { portMessage, type DesktopApi } from './contract/transport.ts'

const api: DesktopApi = Object.freeze({
  platform: process.platform,
  connect: () => ipcRenderer.send('kinora:connect'),
  chooseFolder: () => ipcRenderer.invoke('kinora:choose-folder') as Promise<string | null>,
  showFolder: (kind: 'run' | 'dataset', id: string) => ipcRenderer.invoke('kinora:show-folder', kind, id) as Promise<void>,
})

contextBridge.exposeInMainWorld('kinora', api)
ipcRenderer.on(portMessage, (event) => window.postMessage(portMessage, location.origin, event.ports))
