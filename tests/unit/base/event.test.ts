import { describe, expect, it } from 'vitest'
import { DisposableStore, toDisposable } from '../../../electron/base/disposable.ts'
import { Emitter } from '../../../electron/base/event.ts'

describe('Emitter', () => {
  it('tells every listener, also when one throws, and passes the error on', () => {
    const emitter = new Emitter<number>()
    const heard: number[] = []
    emitter.event(() => {
      throw new Error('listener failed')
    })
    emitter.event((value) => heard.push(value))
    expect(() => emitter.fire(3)).toThrow('listener failed')
    expect(heard).toEqual([3])
  })

  it('counts one function that listens twice as two listeners', () => {
    const emitter = new Emitter<number>()
    let calls = 0
    const listener = (): number => calls++
    const first = emitter.event(listener)
    emitter.event(listener)
    first.dispose()
    first.dispose()
    emitter.fire(1)
    expect(calls).toBe(1)
  })
})

describe('DisposableStore', () => {
  it('lets go in reverse order, and at once what comes too late', () => {
    const order: string[] = []
    const store = new DisposableStore()
    store.add(toDisposable(() => order.push('first')))
    store.add(toDisposable(() => order.push('second')))
    store.dispose()
    store.add(toDisposable(() => order.push('late')))
    store.dispose()
    expect(order).toEqual(['second', 'first', 'late'])
  })
})
