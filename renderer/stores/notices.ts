import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { KinoraError } from '../../electron/contract/errors.ts'
import { failureOf } from '../rpc/failure.ts'

export interface Notice {
  readonly id: number
  readonly kind: 'error' | 'warning' | 'done'
  readonly message: string
  readonly hint: string
  /** One thing to do about it, such as undo. */
  readonly action: NoticeAction | null
}

export interface NoticeAction {
  readonly title: string
  readonly run: () => void
}

/** How long a note that something was done stays; longer where it offers an undo. */
const doneMs = 6000
const undoMs = 15_000

/** Notes at the corner and the one polite live region. Errors and warnings stay until they are closed. */
export const useNotices = defineStore('notices', () => {
  const notices = ref<Notice[]>([])
  const announcement = ref('')
  let nextId = 1

  function close(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  function show(kind: Notice['kind'], message: string, hint = '', action: NoticeAction | null = null): void {
    const id = nextId++
    notices.value = [...notices.value.filter((notice) => notice.message !== message), { id, kind, message, hint, action }].slice(-4)
    if (kind === 'done') setTimeout(() => close(id), action === null ? doneMs : undoMs)
  }

  function fail(failure: KinoraError): void {
    show('error', failure.message, failure.hint)
  }

  /** Does what may fail; a failure is shown. Whether it went well. */
  async function attempt(work: () => unknown): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      fail(failureOf(error))
      return false
    }
  }

  /** Read out once by screen readers; repeated text is told apart by a no-break space. */
  function announce(message: string): void {
    announcement.value = announcement.value === message ? `${message}\u00a0` : message
  }

  return { notices, announcement, show, fail, attempt, close, announce }
})
