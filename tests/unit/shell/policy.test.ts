import { describe, expect, test } from 'vitest'
import { isAllowedExternal, isAllowedNavigation, isAllowedPermission, isAllowedRequest } from '../../../electron/shell/policy.ts'

const foreign = [
  'https://example.org/', 'http://127.0.0.1:8000/', 'file:///etc/passwd', 'about:blank', 'javascript:alert(1)', 'data:text/html,<script>1</script>',
  'app://kinora.evil/', 'app://evil/index.html', 'app://kinora:80/', 'app://user@kinora/', 'app://user:pass@kinora/', 'appx://kinora/', 'app:kinora', 'blob:app://kinora/x', '', 'no address', 'app://',
]

describe('navigation', () => {
  test.each(['app://kinora/index.html', 'app://kinora/', 'app://kinora/index.html#/runs/a?x=1'])('%s is the page', (address) => expect(isAllowedNavigation(address)).toBe(true))
  test.each(foreign)('%j is refused', (address) => expect(isAllowedNavigation(address)).toBe(false))
})

describe('requests', () => {
  test.each(['app://kinora/blob/series/a/b?width=3', 'blob:app://kinora/1234', 'data:image/png;base64,AAAA', 'devtools://devtools/bundled/x.js'])('%s may be fetched', (address) => expect(isAllowedRequest(address)).toBe(true))
  test.each(['https://example.org/', 'http://localhost/', 'ws://127.0.0.1:1/', 'file:///etc/passwd', 'ftp://a/', 'app://other/', 'chrome-extension://a/b.js'])('%s may not', (address) => expect(isAllowedRequest(address)).toBe(false))
})

describe('links to the outside', () => {
  test('https to a known host alone', () => expect(isAllowedExternal('https://arxiv.org/abs/2512.18007')).toBe(true))
  test.each([...foreign, 'http://arxiv.org/', 'https://arxiv.org:8443/', 'https://arxiv.org.evil.example/', 'https://user@arxiv.org/', 'https://evil.example/?https://arxiv.org', 'smb://arxiv.org/share', 'mailto:a@arxiv.org'])('%j is refused', (address) =>
    expect(isAllowedExternal(address)).toBe(false),
  )
})

describe('permissions', () => {
  test('the page may copy text and fill the screen', () => {
    expect(isAllowedPermission('clipboard-sanitized-write', 'app://kinora/index.html')).toBe(true)
    expect(isAllowedPermission('fullscreen', 'app://kinora/')).toBe(true)
  })
  test.each(['media', 'geolocation', 'notifications', 'midi', 'clipboard-read', 'openExternal', 'hid', 'serial', 'usb', 'display-capture', 'pointerLock', 'fileSystem', 'unknown'])('%s is refused', (permission) =>
    expect(isAllowedPermission(permission, 'app://kinora/')).toBe(false),
  )
  test.each(foreign)('nothing is allowed to %j', (address) => expect(isAllowedPermission('fullscreen', address)).toBe(false))
})
