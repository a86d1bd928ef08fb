import { computed } from 'vue'
import { useSettings } from '../stores/settings.ts'

/** Colours of the active theme for what is drawn on a canvas. */
export function useThemeColours() {
  const settings = useSettings()
  return computed(() => {
    const style = getComputedStyle(document.documentElement)
    const read = (name: string) => style.getPropertyValue(name).trim()
    return {
      theme: settings.activeTheme,
      text: read('--text-muted'),
      strong: read('--text'),
      gridLine: read('--grid-line'),
      panel: read('--panel'),
      accent: read('--accent'),
      mark: read('--red'),
      font: getComputedStyle(document.body).fontFamily,
      bar: read('--border-strong'),
    }
  })
}
