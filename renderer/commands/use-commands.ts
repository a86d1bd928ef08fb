import { onScopeDispose, shallowReactive } from 'vue'
import { createKeybindingsHandler } from 'tinykeys'
import { useSettings } from '../stores/settings.ts'
import { isSingleKey, keyMap, type CommandName, type KeyScope } from './keys.ts'
import { text } from '../text/en.ts'

export interface Command {
  readonly id: string
  readonly title: string
  readonly section: string
  readonly keys: readonly string[]
  readonly run: () => void
  readonly isEnabled?: () => boolean
}

/** All commands of the pages that are open now; the palette lists them. */
export const commands = shallowReactive(new Map<string, Command>())

type Titles<S extends KeyScope> = { readonly [K in CommandName<S>]?: () => void }

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type)
}

/** Space and Enter belong to a focused button (with Ctrl or Cmd to a link alone), arrows to a slider or a list that has the focus. */
function belongsToFocus(event: KeyboardEvent): boolean {
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return target.closest('a') !== null
  if (event.key === ' ' || event.key === 'Enter') return target.closest('button, a, summary, [role="button"], [role="option"], [role="tab"], [role="switch"], input') !== null
  if (/^(Arrow|Home|End|Page)/.test(event.key)) return target.closest('[role="slider"], [role="tablist"], [role="radiogroup"], [role="listbox"], input, table, [data-own-arrows]') !== null
  return false
}

/** First keys of the sequences of any scope, such as the g of `g d`. */
const sequenceStarts = new Set(Object.values(keyMap).flatMap((scope) => Object.values(scope).flatMap((keys: readonly string[]) => keys.filter((key) => key.includes(' ')).map((key) => key.split(' ')[0]!))))
/** As long as tinykeys waits for the next key of a sequence. */
const sequenceMs = 1000
let startedAt = -Infinity
let isStarted = false

/** Notes, before any handler runs, whether this press ends a sequence that a press before it began: then it is no key of its own. */
function watchSequences(event: KeyboardEvent): void {
  isStarted = performance.now() - startedAt < sequenceMs
  startedAt = sequenceStarts.has(event.key) && !isTyping(event.target) ? performance.now() : -Infinity
}

/** Registers the handlers of one scope, with their keys, for as long as the calling component lives. */
export function useKeyScope<S extends KeyScope>(scope: S, handlers: Titles<S>): void {
  const settings = useSettings()
  const bindings: Record<string, (event: KeyboardEvent) => void> = {}
  const titles = text.commands[scope] as Record<string, string>
  for (const [name, run] of Object.entries(handlers) as [string, () => void][]) {
    const keys = (keyMap[scope] as Record<string, readonly string[]>)[name]!
    const id = `${scope}.${name}`
    commands.set(id, { id, title: titles[name] ?? name, section: text.commands.sections[scope], keys, run })
    for (const key of keys) {
      bindings[key] = (event) => {
        if (event.defaultPrevented || document.querySelector('[role="dialog"]') !== null) return
        if (isTyping(event.target) && !key.includes('$mod')) return
        if (belongsToFocus(event)) return
        if (isSingleKey(key) && !settings.singleKeys) return
        if (isStarted && !key.includes(' ') && isSingleKey(key)) return
        event.preventDefault()
        run()
      }
    }
  }
  // Adding the same listener again changes nothing.
  addEventListener('keydown', watchSequences, { capture: true })
  const listener = createKeybindingsHandler(bindings)
  addEventListener('keydown', listener)
  onScopeDispose(() => {
    removeEventListener('keydown', listener)
    for (const name of Object.keys(handlers)) commands.delete(`${scope}.${name}`)
  })
}

/** Offers a command in the palette, without a key of its own. */
export function useCommand(command: Omit<Command, 'keys'>): void {
  commands.set(command.id, { ...command, keys: [] })
  onScopeDispose(() => commands.delete(command.id))
}
