import { text } from '../text/en.ts'

/**
 * Every key of the page, in one table. `keys` are in tinykeys' notation; `$mod` is Ctrl, or Cmd on a Mac. A scope is
 * active while its page is open, `global` always; tests/unit/renderer/commands/keys.test.ts forbids clashes.
 */
export const keyMap = {
  global: {
    palette: ['$mod+k', '$mod+Shift+P'],
    shortcuts: ['Shift+?', '?'],
    filter: ['/'],
    goData: ['g d'],
    goConfigure: ['g n'],
    goRuns: ['g r'],
    goReplay: ['g p'],
    goSimulate: ['g i'],
    goEvaluate: ['g e'],
    goAblations: ['g a'],
    goReview: ['g v'],
    goSettings: ['g s', '$mod+,'],
    goDoctor: ['g h'],
    toggleTheme: ['g t'],
    undo: ['$mod+z'],
  },
  runs: {
    newRun: ['n'],
    columns: ['c'],
    group: ['b'],
    queue: ['q'],
    deleteSelected: ['Delete'],
  },
  configure: {
    start: ['$mod+Enter'],
  },
  evaluate: {
    start: ['n'],
  },
  inspector: {
    flag: ['f'],
    toGrid: ['Escape'],
  },
  episode: {
    nextEvent: ['n'],
    previousEvent: ['Shift+N'],
    motion: ['m'],
    overlay: ['q'],
    loopFrom: ['['],
    loopTo: [']'],
    clearLoop: ['\\'],
    copyLink: ['$mod+l'],
  },
  player: {
    playPause: ['Space', 'k'],
    forward: ['l'],
    reverse: ['j'],
    nextFrame: ['ArrowRight', '.'],
    previousFrame: ['ArrowLeft', ','],
    forwardTen: ['Shift+ArrowRight'],
    backTen: ['Shift+ArrowLeft'],
    forwardSecond: ['$mod+ArrowRight'],
    backSecond: ['$mod+ArrowLeft'],
    firstFrame: ['Home'],
    lastFrame: ['End'],
    previousEpisode: ['ArrowUp'],
    nextEpisode: ['ArrowDown'],
    faster: ['Shift+>'],
    slower: ['Shift+<'],
    loop: ['o'],
  },
  simulate: {
    act: ['a'],
    step: ['s'],
    again: ['r'],
  },
  replay: {
    nextPeak: ['n'],
    previousPeak: ['Shift+N'],
    worstFrame: ['w'],
    cycleView: ['v'],
    quiver: ['q'],
    palette: ['c'],
    scale: ['m'],
    imagine: ['d'],
    lessNoise: [']'],
    moreNoise: ['['],
    zoomIn: ['=', 'Shift++'],
    zoomOut: ['-'],
    zoomReset: ['0'],
    panLeft: ['Alt+ArrowLeft'],
    panRight: ['Alt+ArrowRight'],
    panUp: ['Alt+ArrowUp'],
    panDown: ['Alt+ArrowDown'],
    exportMedia: ['x'],
  },
} as const satisfies Record<string, Record<string, readonly string[]>>

export type KeyScope = keyof typeof keyMap
export type CommandName<S extends KeyScope> = keyof (typeof keyMap)[S]

/** Keys without Ctrl or Cmd that print something: they can be switched off in the settings (WCAG 2.1.4). */
export function isSingleKey(binding: string): boolean {
  const last = binding.split(' ')[0]!
  return !last.includes('$mod') && !last.includes('Control') && !last.includes('Meta') && !/^(Shift\+)?(Arrow\w+|Home|End|Space|Escape)$/.test(last)
}

const isMac = typeof navigator !== 'undefined' && /mac/i.test(navigator.platform)
const shownNames: Record<string, string> = { $mod: isMac ? '⌘' : 'Ctrl', ArrowRight: '→', ArrowLeft: '←', ArrowUp: '↑', ArrowDown: '↓', Space: text.keys.space }

/** A binding as the keys to draw: `$mod+Shift+P` -> [Ctrl, Shift, P]; `g d` -> [G, then, D]. */
export function shownKeys(binding: string): string[] {
  return binding
    .split(' ')
    .map((press) => {
      const parts = press === '+' ? ['+'] : press.split('+')
      const key = parts.at(-1)!
      // A printed sign already says that Shift is held.
      const shown = /^[?<>]$/.test(key) ? [key] : parts
      return shown.map((part) => shownNames[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    })
    .reduce((all, press) => (all.length === 0 ? press : [...all, text.keys.then, ...press]), [] as string[])
}
