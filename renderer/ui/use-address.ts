import { onScopeDispose } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { isNavigating } from './navigation.ts'

/**
 * Keeps parts of the page's state in its address, so that a reload or a link shows the same. `write` waits until the
 * state rests; it never gets in the way of a navigation that began meanwhile. An undefined value leaves its part out.
 */
export function useAddress(restMs = 300) {
  const router = useRouter()
  const route = useRoute()
  const ownName = route.name
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: Record<string, string | undefined> = {}

  function flush(): void {
    if (isNavigating.value || route.name !== ownName) return
    const query = { ...route.query, ...waiting }
    waiting = {}
    void router.replace({ params: route.params, query })
  }

  function write(parts: Record<string, string | undefined>): void {
    waiting = { ...waiting, ...parts }
    clearTimeout(timer)
    timer = setTimeout(flush, restMs)
  }

  onScopeDispose(() => clearTimeout(timer))
  return { write }
}
