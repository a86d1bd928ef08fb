import { dialog, type BrowserWindow, type MessageBoxOptions } from 'electron'

export type Leaving = 'keep' | 'pause' | 'cancel'

/** The question's buttons, in order; closing the question is the last one. */
export const leavingChoices: readonly { readonly answer: Leaving; readonly label: string }[] = [
  { answer: 'keep', label: 'Keep training in the tray' },
  { answer: 'pause', label: 'Pause and quit' },
  { answer: 'cancel', label: 'Cancel' },
]

/** Asks what becomes of the runs that train when the window closes. */
export async function askBeforeLeaving(window: BrowserWindow | null, runningCount: number): Promise<Leaving> {
  const question: MessageBoxOptions = {
    type: 'question',
    message: runningCount === 1 ? 'A run is training.' : `${runningCount} runs are training.`,
    detail: 'Pausing writes a checkpoint; the run can be resumed from there, bit for bit.',
    buttons: leavingChoices.map(({ label }) => label),
    defaultId: 0,
    cancelId: leavingChoices.length - 1,
    noLink: true,
  }
  const { response } = await (window ? dialog.showMessageBox(window, question) : dialog.showMessageBox(question))
  return leavingChoices[response]?.answer ?? 'cancel'
}
