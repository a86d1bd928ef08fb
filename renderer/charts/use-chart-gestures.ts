import { computed, ref, type Ref } from 'vue'
import type { ChartSync } from './chart-sync.ts'
import type { StepRange } from './use-series.ts'

interface Mapping {
  readonly stepAt: (xPx: number) => number
  readonly pixelOf: (step: number) => number | null
}

/** `range` scaled about `centre`; at least one step wide and never outside of `full`. Null when it would show all. */
export function zoomRange(range: StepRange, full: StepRange, centre: number, factor: number): StepRange | null {
  const from = Math.max(full.from, centre - (centre - range.from) * factor)
  const to = Math.min(full.to, centre + (range.to - centre) * factor)
  if (from <= full.from && to >= full.to) return null
  return to - from < 1 ? range : { from: Math.floor(from), to: Math.ceil(to) }
}

/** Moved by a share of its width, stopped at the ends of `full`. */
export function panRange(range: StepRange, full: StepRange, share: number): StepRange {
  const width = range.to - range.from
  const from = Math.min(full.to - width, Math.max(full.from, range.from + share * width))
  return { from: Math.round(from), to: Math.round(from + width) }
}

/** Drag zooms, double click and 0 show all, Ctrl+wheel and + - zoom about the crosshair, arrows move it. */
export function useChartGestures(sync: ChartSync, mapping: Mapping, full: Ref<StepRange>) {
  const dragFromPx = ref<number | null>(null)
  const dragToPx = ref<number | null>(null)
  const shown = computed<StepRange>(() => sync.range.value ?? full.value)
  const brush = computed(() => {
    if (dragFromPx.value === null || dragToPx.value === null) return null
    const left = Math.min(dragFromPx.value, dragToPx.value)
    return { left, width: Math.abs(dragToPx.value - dragFromPx.value) }
  })

  const xOf = (event: PointerEvent | WheelEvent) => event.clientX - (event.currentTarget as HTMLElement).getBoundingClientRect().left

  function onPointerDown(event: PointerEvent): void {
    if (event.button !== 0) return
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    dragFromPx.value = dragToPx.value = xOf(event)
  }

  function onPointerMove(event: PointerEvent): void {
    const x = xOf(event)
    if (dragFromPx.value !== null) dragToPx.value = x
    sync.hoverStep.value = mapping.stepAt(x)
  }

  function onPointerUp(): void {
    const drawn = brush.value
    dragFromPx.value = dragToPx.value = null
    if (drawn === null || drawn.width < 6) return
    const from = Math.floor(mapping.stepAt(drawn.left))
    const to = Math.ceil(mapping.stepAt(drawn.left + drawn.width))
    if (to > from) sync.range.value = { from, to }
  }

  function onPointerLeave(): void {
    if (dragFromPx.value === null) sync.hoverStep.value = null
  }

  function onWheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    sync.range.value = zoomRange(shown.value, full.value, mapping.stepAt(xOf(event)), event.deltaY > 0 ? 1.25 : 0.8)
  }

  function reset(): void {
    sync.range.value = null
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { from, to } = shown.value
    const at = sync.hoverStep.value ?? (from + to) / 2
    const stride = (to - from) / (event.shiftKey ? 10 : 100)
    const handlers: Record<string, () => void> = {
      ArrowLeft: () => (sync.hoverStep.value = Math.max(from, at - stride)),
      ArrowRight: () => (sync.hoverStep.value = Math.min(to, at + stride)),
      Home: () => (sync.hoverStep.value = from),
      End: () => (sync.hoverStep.value = to),
      '+': () => (sync.range.value = zoomRange(shown.value, full.value, at, 0.5)),
      '=': () => (sync.range.value = zoomRange(shown.value, full.value, at, 0.5)),
      '-': () => (sync.range.value = zoomRange(shown.value, full.value, at, 2)),
      PageUp: () => (sync.range.value = sync.range.value && panRange(sync.range.value, full.value, -0.5)),
      PageDown: () => (sync.range.value = sync.range.value && panRange(sync.range.value, full.value, 0.5)),
      '0': reset,
      Escape: () => (sync.hoverStep.value = null),
    }
    const handle = handlers[event.key]
    if (handle === undefined) return
    handle()
    event.preventDefault()
    event.stopPropagation()
  }

  return { brush, onPointerDown, onPointerMove, onPointerUp, onPointerLeave, onWheel, onKeyDown, reset }
}
