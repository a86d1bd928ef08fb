/** Something that holds a resource until it is let go. Calling `dispose` twice is harmless. */
export interface Disposable {
  dispose(): void
}

/** Collects disposables and lets them go in reverse order. Adding to a disposed store disposes at once. */
export class DisposableStore implements Disposable {
  #items: Disposable[] = []
  #isDisposed = false

  add<T extends Disposable>(item: T): T {
    if (this.#isDisposed) item.dispose()
    else this.#items.push(item)
    return item
  }

  dispose(): void {
    this.#isDisposed = true
    for (const item of this.#items.splice(0).reverse()) item.dispose()
  }
}

export function toDisposable(dispose: () => void): Disposable {
  let isDisposed = false
  return {
    dispose() {
      if (isDisposed) return
      isDisposed = true
      dispose()
    },
  }
}
