import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * Who may use the headless host. An address carries a one-time token; the first visit exchanges it for a cookie that no
 * script and no other site can use, and the token is worth nothing afterwards.
 */
export class Gate {
  /** Of this instance alone: cookies of 127.0.0.1 are shared by all its ports. */
  readonly cookieName = `kinora-${randomBytes(6).toString('hex')}`
  readonly #tokens: Buffer[] = []
  readonly #sessions: Buffer[] = []

  /** A fresh token, good for one visit. */
  issueToken(): string {
    const token = randomBytes(32).toString('base64url')
    this.#tokens.push(digest(token))
    return token
  }

  /** Uses a token up and returns the value of the session's cookie, or null when the token is not (or no longer) good. */
  exchange(token: string): string | null {
    const index = findDigest(this.#tokens, token)
    if (index < 0) return null
    this.#tokens.splice(index, 1)
    const session = randomBytes(32).toString('base64url')
    this.#sessions.push(digest(session))
    return session
  }

  setCookie(session: string): string {
    return `${this.cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`
  }

  /** Whether the request's Cookie header holds a session of this instance. */
  admits(cookieHeader: string | undefined): boolean {
    for (const part of (cookieHeader ?? '').split(';')) {
      const [name, value] = part.trim().split('=', 2)
      if (name === this.cookieName && value !== undefined && findDigest(this.#sessions, value) >= 0) return true
    }
    return false
  }
}

/** Only digests are kept and compared: equal length, and no early end tells how much was right. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function findDigest(known: readonly Buffer[], secret: string): number {
  const wanted = digest(secret)
  return known.findIndex((candidate) => timingSafeEqual(candidate, wanted))
}

/** Whether two secrets are the same, in constant time. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

/**
 * Whether a request was meant for this machine by its user. The Host must be a loopback name, which a site that points
 * its own name at 127.0.0.1 (DNS rebinding) cannot send; any port, since the user may come through a tunnel. An Origin
 * must be the very one of the Host, and the browser must not say that another site or port asks.
 */
export function isLocalRequest(headers: { host?: string; origin?: string; fetchSite?: string; fetchMode?: string }): boolean {
  const { host, origin, fetchSite, fetchMode } = headers
  if (host === undefined || !/^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/.test(host)) return false
  if (origin !== undefined && origin !== `http://${host}`) return false
  // A link from elsewhere may open the page (navigate); it gets no further without the cookie, which is SameSite=Strict.
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none' || fetchMode === 'navigate'
}
