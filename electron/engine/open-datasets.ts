import type { Disposable } from '../base/disposable.ts'
import type { DatasetDetail } from '../contract/dataset.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset } from '../dataset/dataset.ts'

/** Opens a dataset in place; injected so that this file knows no format. */
export type OpenDataset = (path: string) => Promise<Dataset>

interface Entry {
  readonly opened: Promise<Dataset>
  lastUse: number
  users: number
}

/** Datasets kept open between requests, the least recently used closed first. One that is being read stays open. */
export class OpenDatasets implements Disposable {
  readonly #open: OpenDataset
  readonly #limit: number
  readonly #entries = new Map<string, Entry>()
  #uses = 0

  constructor(open: OpenDataset, limit = 8) {
    this.#open = open
    this.#limit = limit
  }

  /** Lends the dataset to `use` and closes nothing beneath it. */
  async use<T>(path: string, use: (dataset: Dataset) => Promise<T> | T): Promise<T> {
    let entry = this.#entries.get(path)
    if (entry === undefined) {
      entry = { opened: this.#open(path), lastUse: 0, users: 0 }
      this.#entries.set(path, entry)
    }
    entry.lastUse = ++this.#uses
    entry.users++
    try {
      return await use(await entry.opened)
    } catch (error) {
      // A dataset that did not open may be mended by the next request.
      if (await entry.opened.then(() => false, () => true)) this.#entries.delete(path)
      throw error
    } finally {
      entry.users--
      this.#trim()
    }
  }

  /** The next use opens it again: its files have changed. */
  forget(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined || entry.users > 0) return
    this.#entries.delete(path)
    void entry.opened.then((dataset) => dataset.dispose(), () => {})
  }

  dispose(): void {
    for (const path of [...this.#entries.keys()]) this.forget(path)
  }

  #trim(): void {
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0).sort((a, b) => a[1].lastUse - b[1].lastUse)
    for (const [path] of idle.slice(0, Math.max(0, this.#entries.size - this.#limit))) this.forget(path)
  }
}

/** @throws KinoraError `not-found`, saying which episodes there are. */
export function findEpisode(dataset: Dataset, index: number): DatasetDetail['episodes'][number] {
  const found = dataset.detail.episodes.find((episode) => episode.index === index)
  if (found) return found
  const problem = dataset.detail.problems.find((candidate) => candidate.episode === index)
  throw new KinoraError(
    'not-found',
    problem ? `Episode ${index} of ${dataset.detail.name} cannot be read: ${problem.what}.` : `${dataset.detail.name} has no episode ${index}.`,
    problem?.hint ?? `It has ${dataset.detail.episodes.length} readable episodes.`,
  )
}
