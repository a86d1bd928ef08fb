import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import type { Replay, ReplayErrors } from '../../../electron/contract/replay.ts'
import { failureOf, isAbort } from '../../rpc/failure.ts'
import { useConnection } from '../../rpc/use-connection.ts'
import { useReplays, type ReplayChoice } from '../../stores/replays.ts'
import { useSystem } from '../../stores/system.ts'

const errorsIntervalMs = 500

/** The open replay of a choice. A new choice closes the former; late answers of former ones are closed, not shown. */
export function useReplay(choice: Ref<ReplayChoice | null>) {
  const replays = useReplays()
  const connection = useConnection()
  const system = useSystem()
  const replay = shallowRef<Replay | null>(null)
  const errors = shallowRef<ReplayErrors | null>(null)
  const failure = shallowRef<KinoraError | null>(null)
  const isOpening = ref(false)
  const predictedFrames = ref(0)
  let abort: AbortController | undefined
  let errorsTimer: ReturnType<typeof setTimeout> | undefined

  function letGo(): void {
    abort?.abort()
    clearTimeout(errorsTimer)
    errorsTimer = undefined
    if (replay.value !== null) replays.close(replay.value.id).catch(() => undefined)
    replay.value = null
    errors.value = null
    predictedFrames.value = 0
  }

  async function open(wanted: ReplayChoice | null): Promise<void> {
    letGo()
    failure.value = null
    if (wanted === null) return
    const own = (abort = new AbortController())
    isOpening.value = true
    try {
      const opened = await replays.open(wanted, own.signal)
      if (own.signal.aborted) {
        replays.close(opened.id).catch(() => undefined)
        return
      }
      replay.value = opened
      void loadErrors()
    } catch (error) {
      if (!own.signal.aborted && !isAbort(error)) failure.value = failureOf(error)
    } finally {
      if (abort === own) isOpening.value = false
    }
  }

  async function loadErrors(): Promise<void> {
    errorsTimer = undefined
    const own = replay.value
    if (own === null) return
    try {
      const answer = await replays.errors(own.id)
      if (replay.value !== own) return
      errors.value = answer
      predictedFrames.value = Math.max(predictedFrames.value, answer.predictedFrames)
    } catch (error) {
      if (replay.value === own) failure.value = failureOf(error)
    }
  }

  const listening = replays.onProgress((progress) => {
    if (replay.value?.id !== progress.id) return
    predictedFrames.value = progress.predictedFrames
    const isComplete = progress.predictedFrames >= replay.value.frameCount
    if (errorsTimer !== undefined && !isComplete) return
    clearTimeout(errorsTimer)
    errorsTimer = setTimeout(() => void loadErrors(), isComplete ? 0 : errorsIntervalMs)
  })

  // A host or desk that was started anew knows nothing of the replays of the former one.
  const reconnecting = connection.onDidOpen(() => {
    if (choice.value !== null && (replay.value !== null || failure.value !== null)) void open(choice.value)
  })
  watch(
    () => system.info?.engine,
    (now, before) => {
      if (now === 'ready' && before !== undefined && before !== 'ready' && choice.value !== null) void open(choice.value)
    },
  )
  watch(choice, (wanted) => void open(wanted), { immediate: true })
  onScopeDispose(() => {
    listening.dispose()
    reconnecting.dispose()
    letGo()
  })

  const isComplete = computed(() => replay.value !== null && predictedFrames.value >= replay.value.frameCount)
  return { replay, errors, failure, isOpening, predictedFrames, isComplete, reopen: () => open(choice.value) }
}
