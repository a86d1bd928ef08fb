import { app, Menu, shell, type MenuItemConstructorOptions } from 'electron'
import { isAllowedExternal } from './policy.ts'

/** The application menu: what the platform expects, and nothing that reaches outside without the allow-list. */
export function installMenu(actions: { showLogs(): void }): void {
  const isMac = process.platform === 'darwin'
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    { label: '&File', submenu: [isMac ? { role: 'close' } : { role: 'quit' }] },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        // Developer tools stay out of the packaged app.
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' as const }]),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'The paper behind Kinora', click: () => openExternal('https://arxiv.org/abs/2512.18007') },
        { label: 'Show the log files', click: () => actions.showLogs() },
      ],
    },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}

function openExternal(address: string): void {
  if (isAllowedExternal(address)) void shell.openExternal(address)
}
