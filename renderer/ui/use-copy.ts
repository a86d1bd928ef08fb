import { ref } from 'vue'
import { useNotices } from '../stores/notices.ts'
import { text } from '../text/en.ts'

/** Copies text to the clipboard and says so, or why not; `isCopied` is true for two seconds after. */
export function useCopy() {
  const notices = useNotices()
  const isCopied = ref(false)

  async function copy(content: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(content)
      isCopied.value = true
      notices.announce(text.common.copied)
      setTimeout(() => (isCopied.value = false), 2000)
    } catch {
      notices.show('error', text.common.copyFailed, text.common.copyFailedHint)
    }
  }

  return { isCopied, copy }
}
