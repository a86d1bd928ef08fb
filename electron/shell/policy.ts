import { desktopOrigin } from '../contract/transport.ts'

/** What the window may do, as pure decisions: main.ts and window.ts only apply them. */

/** Whether an address is the page's own: compared by parsed origin, never by prefix. */
export function isOwnAddress(address: string): boolean {
  const url = parse(address)
  // A non-special scheme has the opaque origin "null" outside Chromium, so protocol and host are compared.
  return url !== null && `${url.protocol}//${url.host}` === desktopOrigin && url.username === '' && url.password === ''
}

/** The page may move within itself (reload, deep links); everything else is refused. */
export function isAllowedNavigation(address: string): boolean {
  return isOwnAddress(address)
}

/** What the page may fetch: its own origin, and data that it made itself. DevTools load themselves. */
export function isAllowedRequest(address: string): boolean {
  const url = parse(address)
  return url !== null && (isOwnAddress(address) || ['blob:', 'data:', 'devtools:'].includes(url.protocol))
}

/** Hosts whose pages may be opened in the user's browser, https alone. Addresses from data or runs never get here. */
const externalHosts: readonly string[] = ['arxiv.org', 'www.electronjs.org', 'huggingface.co', 'github.com']

export function isAllowedExternal(address: string): boolean {
  const url = parse(address)
  return url !== null && url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '' && externalHosts.includes(url.hostname)
}

/** Everything is refused but what a workbench needs: copying text and filling the screen, from the page itself. */
export function isAllowedPermission(permission: string, requestingAddress: string): boolean {
  return isOwnAddress(requestingAddress) && (permission === 'clipboard-sanitized-write' || permission === 'fullscreen')
}

function parse(address: string): URL | null {
  try {
    return new URL(address)
  } catch {
    return null
  }
}
