import { shallowRef, watch, type Ref } from 'vue'
import type { DatasetMarks, EpisodeMark } from '../../../electron/contract/dataset-marks.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useDatasets } from '../../stores/datasets.ts'
import { useNotices } from '../../stores/notices.ts'
import { useUndo } from '../../stores/undo.ts'
import { text } from '../../text/en.ts'

const unmarked: EpisodeMark = { isFlagged: false, note: '' }

/** Flags and notes of a dataset's episodes. Each change is kept at once and can be undone. */
export function useMarks(datasetId: Ref<string>) {
  const datasets = useDatasets()
  const notices = useNotices()
  const marks = shallowRef<ReadonlyMap<number, EpisodeMark>>(new Map())
  const undo = useUndo()
  /** Changes on their way: only the answer to the last one says how all marks are. */
  let pending = 0

  const take = (all: DatasetMarks): void => {
    marks.value = new Map(Object.entries(all).map(([episode, mark]) => [Number(episode), mark]))
  }

  watch(
    datasetId,
    async (id) => {
      marks.value = new Map()
      try {
        const all = await datasets.marks(id)
        if (datasetId.value === id) take(all)
      } catch (error) {
        const failure = failureOf(error)
        // That there is no such dataset is told by its page.
        if (failure.code !== 'not-found') notices.fail(failure)
      }
    },
    { immediate: true },
  )

  /** Shown at once; taken back when it could not be kept. */
  async function send(changes: DatasetMarks, id: string): Promise<boolean> {
    const before = marks.value
    const next = new Map(before)
    for (const [episode, mark] of Object.entries(changes)) next.set(Number(episode), mark)
    if (datasetId.value === id) marks.value = next
    pending++
    let kept: DatasetMarks | undefined
    const isKept = await notices.attempt(async () => {
      kept = await datasets.mark(id, changes)
    })
    pending--
    if (datasetId.value === id) {
      if (kept === undefined) marks.value = before
      else if (pending === 0) take(kept)
    }
    return isKept
  }

  async function change(changes: DatasetMarks, said: string): Promise<void> {
    const inverse = Object.fromEntries(Object.keys(changes).map((episode) => [episode, marks.value.get(Number(episode)) ?? unmarked]))
    const id = datasetId.value
    // Remembered before the host has answered, so that a quick undo finds it.
    undo.done(said, () => send(inverse, id))
    if (await send(changes, id)) notices.announce(said)
  }

  async function toggleFlag(episode: number): Promise<void> {
    const mark = marks.value.get(episode) ?? unmarked
    await change({ [episode]: { ...mark, isFlagged: !mark.isFlagged } }, mark.isFlagged ? text.data.unflagged(episode) : text.data.flagged(episode))
  }

  async function flagAll(episodes: readonly number[], isFlagged: boolean): Promise<void> {
    const changed = episodes.filter((episode) => (marks.value.get(episode)?.isFlagged ?? false) !== isFlagged)
    if (changed.length > 0) await change(Object.fromEntries(changed.map((episode) => [episode, { ...(marks.value.get(episode) ?? unmarked), isFlagged }])), text.data.flaggedMany(changed.length, isFlagged))
  }

  async function setNote(episode: number, note: string): Promise<void> {
    const mark = marks.value.get(episode) ?? unmarked
    if (mark.note !== note) await change({ [episode]: { ...mark, note } }, text.data.noteKept(episode))
  }

  return { marks, toggleFlag, flagAll, setNote }
}
export type Marks = ReturnType<typeof useMarks>
