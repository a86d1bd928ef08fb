import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { KinoraError } from '../../electron/contract/errors.ts'

export interface Notice {
  readonly id: number
  readonly kind: 'error' | 'done'
  readonly message: string
  readonly hint: string
}

/** Notes at the corner and the one polite live region. Errors stay until they are closed. */
export const useNotices = defineStore('notices', () => {
  const notices = ref<Notice[]>([])
  const announcement = ref('')
  let nextId = 1

  function close(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  function show(kind: Notice['kind'], message: string, hint = ''): void {
    const id = nextId++
    notices.value = [...notices.value.filter((notice) => notice.message !== message), { id, kind, message, hint }].slice(-4)
    if (kind === 'done') setTimeout(() => close(id), 6000)
  }

  function fail(failure: KinoraError): void {
    show('error', failure.message, failure.hint)
  }

  /** Read out once by screen readers; repeated text is told apart by a no-break space. */
  function announce(message: string): void {
    announcement.value = announcement.value === message ? `${message}\u00a0` : message
  }

  return { notices, announcement, show, fail, close, announce }
})
