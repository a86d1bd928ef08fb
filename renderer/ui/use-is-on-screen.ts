import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Whether an element is (nearly) in view and the document is not hidden. */
export function useIsOnScreen(element: Ref<HTMLElement | null>): Ref<boolean> {
  const isNear = ref(false)
  const isOnScreen = ref(false)
  const update = () => (isOnScreen.value = isNear.value && document.visibilityState !== 'hidden')
  let observer: IntersectionObserver | undefined
  onMounted(() => {
    if (element.value === null) return
    observer = new IntersectionObserver(
      (entries) => {
        isNear.value = entries.at(-1)?.isIntersecting ?? false
        update()
      },
      { rootMargin: '150px' },
    )
    observer.observe(element.value)
    document.addEventListener('visibilitychange', update)
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    document.removeEventListener('visibilitychange', update)
  })
  return isOnScreen
}
