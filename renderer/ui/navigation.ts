import { ref } from 'vue'

/** Whether a page is on its way: its code may still be loading. The router keeps it. */
export const isNavigating = ref(false)
