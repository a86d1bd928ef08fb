import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Emitter } from '../base/event.ts'
import { KinoraError } from '../contract/errors.ts'
import type { SystemInfo } from '../contract/system.ts'
import type { DeskMethod, DeskMethods, FromDesk, ToDesk } from '../engine/protocol.ts'
import type { ChildProcess, SpawnChild } from '../platform/child-process.ts'
import type { Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import { serveEntries } from './entry-service.ts'
import { exitReason } from './exit-reason.ts'

interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Restarted at once the first time, then more and more slowly while it keeps dying; a minute of health resets that. */
const restartDelaysMs = [0, 500, 2000, 5000, 15_000]
const healthyMs = 60_000
/** Without a sign of life for this long (a blocked event loop) it is ended and started afresh. */
const silenceMs = 120_000
const exitPatienceMs = 3000
/** After so many ends in a row before it was ready, calls that wait for it are told so instead of waiting on. */
const hopelessDeaths = 3

/** The host's side of the desk: one child process, started again when it dies. Calls made meanwhile wait for it. */
export class DeskClient {
  readonly #home: Home
  readonly #spawn: SpawnChild
  readonly #log: Log
  readonly #didChange = new Emitter<SystemInfo['engine']>()
  readonly #progress = new Emitter<{ id: string; predictedFrames: number }>()
  readonly #warning = new Emitter<string>()
  readonly #calls = new Map<number, Call>()
  #nextCall = 1
  #child: ChildProcess | undefined
  #state: SystemInfo['engine'] = 'starting'
  #queue: ToDesk[] = []
  #deaths = 0
  #deathsBeforeReady = 0
  #startedAt = 0
  #lastSign = 0
  #watch: NodeJS.Timeout | undefined
  #restart: NodeJS.Timeout | undefined
  #isClosing = false

  readonly onDidChangeState = this.#didChange.event
  readonly onReplayProgress = this.#progress.event
  readonly onWarning = this.#warning.event

  constructor(home: Home, spawn: SpawnChild, log: Log) {
    this.#home = home
    this.#spawn = spawn
    this.#log = log
  }

  get state(): SystemInfo['engine'] {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    if (this.#isClosing) return
    const logs = join(this.#home.cache, 'logs')
    mkdirSync(logs, { recursive: true })
    this.#setState('starting')
    this.#startedAt = this.#lastSign = Date.now()
    const child = this.#spawn('engine-worker', { args: ['desk', this.#home.root], name: 'Kinora desk', outputPath: join(logs, 'desk.log') })
    this.#child = child
    child.onMessage((message) => this.#receive(message as FromDesk))
    serveEntries(child)
    child.onExit((exit) => this.#exited(child, exitReason(exit).message))
    this.#watch ??= setInterval(() => {
      if (this.#child && Date.now() - this.#lastSign > silenceMs) this.#child.kill()
    }, 5000).unref()
  }

  /** @throws KinoraError the desk's own, or `engine-crashed` when it died over this call. */
  call<Method extends DeskMethod>(method: Method, argument: Parameters<DeskMethods[Method]>[0]): Promise<ReturnType<DeskMethods[Method]>> {
    if (this.#isClosing) return Promise.reject(new KinoraError('interrupted', 'Kinora is closing.', 'Start it again.'))
    return new Promise((resolve, reject) => {
      const call = this.#nextCall++
      this.#calls.set(call, { resolve: resolve as (value: unknown) => void, reject })
      const message: ToDesk = { type: 'call', call, method, argument }
      if (this.#state === 'ready') this.#child!.send(message)
      else this.#queue.push(message)
    })
  }

  /** Asks the desk to exit and ends it when it does not. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#watch)
    clearTimeout(this.#restart)
    this.#failAll(new KinoraError('interrupted', 'Kinora is closing.', 'Start it again.'))
    const child = this.#child
    if (child === undefined) return
    await new Promise<void>((resolve) => {
      const kill = setTimeout(() => child.kill(), exitPatienceMs)
      child.onExit(() => {
        clearTimeout(kill)
        resolve()
      })
      child.send({ type: 'exit' } satisfies ToDesk)
    })
  }

  #receive(message: FromDesk): void {
    this.#lastSign = Date.now()
    switch (message.type) {
      case 'ready':
        this.#deathsBeforeReady = 0
        this.#setState('ready')
        for (const waiting of this.#queue.splice(0)) this.#child?.send(waiting)
        break
      case 'result':
        this.#calls.get(message.call)?.resolve(message.value)
        this.#calls.delete(message.call)
        break
      case 'failure':
        this.#calls.get(message.call)?.reject(KinoraError.from(message.error))
        this.#calls.delete(message.call)
        break
      case 'replay-progress':
        this.#progress.fire({ id: message.id, predictedFrames: message.predictedFrames })
        break
      case 'warning':
        this.#warning.fire(message.message)
        break
      case 'heartbeat':
      case 'run-entry':
        break
    }
  }

  #exited(child: ChildProcess, reason: string): void {
    if (child !== this.#child) return
    this.#child = undefined
    if (this.#isClosing) return
    this.#log.error('The desk process ended', { reason })
    if (this.#state === 'starting' && ++this.#deathsBeforeReady >= hopelessDeaths) {
      this.#failAll(new KinoraError('engine-crashed', `The process that reads data does not start. ${reason}`, `What it said is in ${join(this.#home.cache, 'logs', 'desk.log')}. Kinora goes on trying.`))
    }
    this.#setState('crashed')
    if (Date.now() - this.#startedAt > healthyMs) this.#deaths = 0
    // Calls that were on their way may be what killed it: they fail. Those still waiting go to the next one.
    const waiting = new Set(this.#queue.map((message) => (message.type === 'call' ? message.call : -1)))
    const error = new KinoraError('engine-crashed', `The process that reads data ended while it worked on this. ${reason}`, 'It starts again by itself; try again. Runs in training are not touched.')
    for (const [call, { reject }] of [...this.#calls]) {
      if (waiting.has(call)) continue
      this.#calls.delete(call)
      reject(error)
    }
    const delayMs = restartDelaysMs[Math.min(this.#deaths++, restartDelaysMs.length - 1)]!
    this.#restart = setTimeout(() => this.start(), delayMs)
  }

  #failAll(error: KinoraError): void {
    this.#queue = []
    for (const { reject } of this.#calls.values()) reject(error)
    this.#calls.clear()
  }

  #setState(state: SystemInfo['engine']): void {
    if (state === this.#state) return
    this.#state = state
    this.#didChange.fire(state)
  }
}
