/**
 * Content-Security-Policy of the page, the same for the browser and for Electron: everything from the page's own origin,
 * nothing inline, no eval, no frame around it. Styles set through the DOM (Vue's :style, ECharts) are not inline styles.
 * `connect` adds where the page may connect besides its own origin (a browser may not count ws: as 'self'); `origin`
 * names the own origin where its scheme is not one that 'self' is sure to mean.
 */
export function pagePolicy({ connect = [], origin }: { connect?: readonly string[]; origin?: string } = {}): string {
  const own = origin === undefined ? "'self'" : `'self' ${origin}`
  return [
    "default-src 'none'",
    `script-src ${own}`,
    `style-src ${own}`,
    `img-src ${own} data: blob:`,
    `media-src ${own} blob:`,
    `font-src ${own}`,
    `connect-src ${[own, ...connect].join(' ')}`,
    `worker-src ${own} blob:`,
    `manifest-src ${own}`,
    "object-src 'none'",
    "frame-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Headers of every answer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
}
