import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { text } from '../text/en.ts'
import { useNotices } from './notices.ts'

interface Deed {
  /** What was done, in words. */
  readonly title: string
  readonly undo: () => Promise<unknown>
}

const depth = 50

/** What the user has done in this window and can take back, latest first. */
export const useUndo = defineStore('undo', () => {
  const notices = useNotices()
  const deeds = shallowRef<readonly Deed[]>([])

  /** Remembers a deed; `isTold` says so in a note with a button. */
  function done(title: string, undo: Deed['undo'], isTold = false): void {
    const deed: Deed = { title, undo }
    deeds.value = [deed, ...deeds.value].slice(0, depth)
    if (isTold) notices.show('done', title, '', { title: text.undo.undo, run: () => void takeBack(deed) })
  }

  /** Takes back the given deed, or the latest. */
  async function takeBack(deed: Deed | undefined = deeds.value[0]): Promise<void> {
    if (deed === undefined || !deeds.value.includes(deed)) return
    deeds.value = deeds.value.filter((one) => one !== deed)
    await notices.attempt(async () => {
      await deed.undo()
      notices.announce(text.undo.undone(deed.title))
    })
  }

  return { deeds, done, takeBack }
})
