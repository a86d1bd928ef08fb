import { z } from 'zod'
import { Emitter } from '../base/event.ts'
import type { Ablation, AblationSpec } from '../contract/ablation.ts'
import type { Device } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import { activeStates } from '../contract/run.ts'
import { ablationLock, cellRunId, cellRunName, deleteAblation, keepFailures, keepTable, listAblationIds, openAblation, readAblation, readFailures, restoreAblation, type AblationFolder, type ReadCell } from '../engine/ablation/ablation-folder.ts'
import type { Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import { acquireLock } from '../platform/process-lock.ts'
import { AblationDrive, type Deed } from './ablation-drive.ts'
import type { DeskClient } from './desk-client.ts'
import type { EvaluationControl } from './evaluation-control.ts'
import { HomeFile } from './home-file.ts'
import type { RunControl } from './run-control.ts'
import type { RunIndex } from './run-index.ts'

const drivenSchema = z.object({ ids: z.array(z.string()) })

interface Known {
  readonly folder: AblationFolder
  ablation: Ablation
  /** Runs that are done, so that their metrics and rollouts are read once. */
  readonly done: Map<string, ReadCell>
  /** Since it was last driven here: what is known of its runs stays to be seen. */
  drive: AblationDrive | null
  /** Something of it has changed since it was read. */
  isStale: boolean
}

export interface AblationParts {
  readonly home: Home
  readonly index: RunIndex
  readonly runs: RunControl
  readonly evaluations: EvaluationControl
  readonly desk: DeskClient
  readonly log: Log
  /** What a configuration's `auto` means here. */
  readonly device: () => Promise<Device>
}

/**
 * Ablations of a home. Those that this host drives have one run at a time in the queue, beside everybody's, and are judged
 * by the usual evaluations; which ones these are is kept in a file, so that a host after a kill goes on with them. What has
 * been found lies in the runs' folders: pausing an ablation, or losing the host, loses nothing.
 */
export class AblationControl {
  readonly #parts: AblationParts
  readonly #known = new Map<string, Known>()
  readonly #ofRun = new Map<string, string>()
  readonly #drives = new Map<string, AblationDrive>()
  readonly #file: HomeFile<typeof drivenSchema>
  readonly #didChange = new Emitter<Ablation>()
  readonly #unreadable = new Set<string>()
  #turn: Promise<unknown> = Promise.resolve()
  #isClosing = false
  readonly onDidChange = this.#didChange.event
  readonly #didRemove = new Emitter<string>()
  /** Fires with its id. */
  readonly onDidRemove = this.#didRemove.event

  constructor(parts: AblationParts) {
    this.#parts = parts
    this.#file = new HomeFile(parts.home, 'ablations.json', drivenSchema, { ids: [] })
    const changed = (runId: string, isGone = false): void => {
      const known = this.#known.get(this.#ofRun.get(runId) ?? '')
      if (known === undefined) return
      known.isStale = true
      if (isGone) known.done.delete(runId)
    }
    parts.index.onEvent((event) => {
      if (event.type === 'run-changed') changed(event.run.id)
      if (event.type === 'run-removed') changed(event.id, true)
    })
    parts.evaluations.onDidChange(({ request: { policy } }) => policy.kind === 'run' && changed(policy.runId))
  }

  /** The newest first. */
  list(): Ablation[] {
    return [...this.#known.values()].map(({ ablation }) => ablation).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
  }

  /** Keeps the description, or finds it kept, and drives it. @throws KinoraError `config-invalid`, `already-running` and those of its dataset */
  async start(spec: AblationSpec): Promise<Ablation> {
    const { id } = await this.#parts.desk.call('createAblation', spec)
    return this.resume(id)
  }

  /** Goes on, with runs that failed or were stopped too. @throws KinoraError `already-running` */
  resume(id: string): Promise<Ablation> {
    return this.#inTurn(async () => {
      const known = await this.#open(id)
      if (!this.#drives.has(id)) await this.#drive(known, true)
      return this.#refresh(known)
    })
  }

  /** Its run pauses with a checkpoint, rollouts that have ended are kept, and nothing more of it begins. */
  pause(id: string): Promise<Ablation> {
    return this.#inTurn(() => this.#pause(id))
  }

  async #pause(id: string): Promise<Ablation> {
    const known = await this.#open(id)
    await this.#refresh(known)
    const drive = this.#drives.get(id)
    if (drive === undefined) {
      if (known.ablation.state !== 'running') return known.ablation
      throw new KinoraError('usage', `The ablation ${id} is run by another program.`, 'Press Ctrl-C there: it saves a checkpoint and pauses.')
    }
    await this.#end(known, drive)
    for (const { runId, runState } of known.ablation.cells) {
      if (runState !== 'queued' && (runState === null || !activeStates.includes(runState))) continue
      // One that ends by itself at this moment cannot be paused and need not be.
      await this.#parts.runs.pause(runId).catch((error: unknown) => { if (KinoraError.from(error).code !== 'usage') throw error })
    }
    for (const job of this.#parts.evaluations.list()) if (drive.evaluates(job)) this.#parts.evaluations.stop(job.id)
    return this.#refresh(known)
  }

  /** Sets it aside; its runs stay. @throws KinoraError `not-found`, `usage` while a program runs it */
  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const { folder, ablation } = await this.#open(id)
      await deleteAblation(this.#parts.home, folder)
      this.#known.delete(id)
      for (const { runId } of ablation.cells) this.#ofRun.delete(runId)
      this.#didRemove.fire(id)
    })
  }

  /** Takes {@link remove} back. @throws KinoraError `not-found`, `usage` */
  restore(id: string): Promise<Ablation> {
    return this.#inTurn(async () => {
      await restoreAblation(this.#parts.home, id)
      return (await this.#open(id)).ablation
    })
  }

  /** Looks for new ablations, and takes up those that this host, or the one before it, was asked to drive. */
  scan(): Promise<void> {
    return this.#inTurn(() => this.#scan())
  }

  async #scan(): Promise<void> {
    for (const id of await listAblationIds(this.#parts.home)) {
      await this.#open(id).catch((error: unknown) => {
        if (!this.#unreadable.has(id)) this.#parts.log.warning(`The ablation ${id} is left out of the list`, KinoraError.from(error).toJSON())
        this.#unreadable.add(id)
      })
    }
    // Another program tells nothing when it ends.
    for (const known of this.#known.values()) known.isStale ||= known.ablation.state === 'running' && !this.#drives.has(known.ablation.id)
    for (const id of (await this.#file.read()).ids) {
      const known = this.#known.get(id)
      if (known === undefined || this.#drives.has(id) || this.#isClosing) continue
      // Held by another program: it is asked again at the next scan.
      await this.#drive(known, false).catch((error: unknown) => { if (KinoraError.from(error).code !== 'already-running') throw error })
    }
  }

  /** Reads what has changed and does the next thing of each ablation that is driven. */
  pass(): Promise<void> {
    return this.#inTurn(() => this.#pass())
  }

  async #pass(): Promise<void> {
    for (const known of this.#known.values()) {
      if (this.#isClosing) return
      if (known.isStale) await this.#refresh(known)
      const drive = this.#drives.get(known.ablation.id)
      if (drive === undefined || known.isStale) continue
      const next = drive.next(known.ablation.cells, this.#parts.evaluations.list())
      await this.#keepFailures(known, drive)
      if (next === 'wait') continue
      known.isStale = true
      if (next === 'end') {
        await this.#end(known, drive)
        await this.#refresh(known)
      } else {
        await this.#act(known, drive, next)
        await this.#keepFailures(known, drive)
      }
    }
  }

  /** Lets the ablations go; the next host takes them up again. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#turn
    await Promise.all([...this.#drives.values()].map(({ lock }) => lock.release()))
  }

  /** One after the other: what one reads another may be changing. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #keepFailures(known: Known, drive: AblationDrive): Promise<void> {
    const failures = drive.newFailures()
    if (failures === null) return
    await keepFailures(known.folder, failures)
    known.isStale = true
  }

  async #act({ folder }: Known, drive: AblationDrive, { do: what, cell }: Deed): Promise<void> {
    const { runs, evaluations, device } = this.#parts
    try {
      if (what === 'create') {
        const { config } = folder.plan.cells.find((planned) => cellRunId(folder, planned) === cell.runId)!
        await runs.create({ id: cell.runId, name: cellRunName(folder, cell), config, device: await device() })
      } else if (what === 'resume') await runs.resume(cell.runId)
      else {
        const { seedsPerTask, replanSteps } = folder.spec.evaluation
        evaluations.start({ policy: { kind: 'run', runId: cell.runId, checkpointStep: null }, tasks: [...folder.tasks], seeds: seedsPerTask, replanSteps })
      }
    } catch (error) {
      drive.leave(cell.runId, KinoraError.from(error))
    }
  }

  async #open(id: string): Promise<Known> {
    const before = this.#known.get(id)
    if (before) return before
    const folder = await openAblation(this.#parts.home, id)
    const done = new Map<string, ReadCell>()
    const known: Known = { folder, done, ablation: await readAblation(this.#parts.home, folder, done), drive: null, isStale: false }
    this.#known.set(id, known)
    for (const { runId } of known.ablation.cells) this.#ofRun.set(runId, id)
    this.#didChange.fire(known.ablation)
    return known
  }

  async #drive(known: Known, isAsked: boolean): Promise<void> {
    const { folder, ablation } = known
    const taken = await acquireLock(ablationLock(folder.path))
    if ('holder' in taken) throw new KinoraError('already-running', `Process ${taken.holder.pid} runs the ablation ${folder.id} already.`, 'It is shown here as it goes on; wait until it ends.')
    known.drive = new AblationDrive(taken.lock, ablation.cells, isAsked, await readFailures(folder))
    this.#drives.set(folder.id, known.drive)
    await this.#keepFailures(known, known.drive)
    await this.#keepDriven()
  }

  async #end({ folder }: Known, { lock }: AblationDrive): Promise<void> {
    this.#drives.delete(folder.id)
    await this.#keepDriven(folder.id)
    await lock.release()
  }

  /** Those of the file that are not known here stay in it: their folders may only be away. */
  async #keepDriven(ended?: string): Promise<void> {
    const { ids } = await this.#file.read()
    await this.#file.write({ ids: [...new Set([...ids, ...this.#drives.keys()])].filter((id) => id !== ended) })
  }

  async #refresh(known: Known): Promise<Ablation> {
    known.isStale = false
    const { home, evaluations } = this.#parts
    const ablation = await readAblation(home, known.folder, known.done, (cell) => known.drive?.shown(cell, evaluations.list()) ?? cell)
    if (JSON.stringify(ablation) === JSON.stringify(known.ablation)) return known.ablation
    const isNewTable = JSON.stringify(ablation.table) !== JSON.stringify(known.ablation.table)
    known.ablation = ablation
    if (isNewTable && this.#drives.has(ablation.id)) await keepTable(known.folder, ablation)
    this.#didChange.fire(ablation)
    return ablation
  }
}
