import { readFileSync } from 'node:fs'
import { arch, cpus, hostname } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { z } from 'zod'
import type { ProviderName } from '../../contract/config.ts'
import { providerReportSchema, type ProviderReport } from '../../contract/system.ts'
import { writeFileAtomicSync } from '../../platform/fs-atomic.ts'
import { runEntry, type EntryEnd } from '../../platform/run-entry.ts'
import type { Absence, Rung } from './ladder.ts'
import { selfTestTolerance } from './self-test.ts'

/** The last line that probe-worker prints. */
export const probeResultSchema = z.object({
  version: z.string(),
  deviceName: z.string(),
  memoryBytes: z.number().nullable(),
  selfTestError: z.number(),
  gflops: z.number(),
})
export type ProbeResult = z.infer<typeof probeResultSchema>

/**
 * How long each try of a self-test may take. A driver that hangs must not hold a run up for ever; but a busy machine is
 * slow, not broken, and a sound provider that is given up leaves the run to a slower one.
 */
const patienceMs = [60_000, 180_000] as const

/** How probe-worker's last line starts, if all went well and if not; drivers print what they like before it. */
export const resultMark = 'kinora-probe '
export const failureMark = 'kinora-probe-failed '

/** `hint` where the provider knows better than to update the driver. */
export const probeFailureSchema = z.object({ reason: z.string(), hint: z.string().nullable() })
export type ProbeFailure = z.infer<typeof probeFailureSchema>

export interface ProbeOptions {
  /** One limit per try; the next try follows only a test that did not end or was killed from outside. */
  readonly patienceMs?: readonly number[]
  readonly signal?: AbortSignal
  /** Folder where a passed test is remembered for a day. */
  readonly cacheDir?: string
  /** Test anew what is remembered. */
  readonly isFresh?: boolean
}

export async function probe({ name, absence }: Rung, options: ProbeOptions = {}): Promise<ProviderReport> {
  const absent = absence()
  if (absent) return missing(name, absent)
  const remembered = options.cacheDir && !options.isFresh ? recall(name, options.cacheDir) : null
  if (remembered) return remembered
  const report = await probeInProcess(name, options)
  if (options.cacheDir && report.status === 'ready') remember(report, options.cacheDir)
  return report
}

function missing(name: ProviderName, { reason, hint }: Absence): ProviderReport {
  return { name, status: 'missing', version: null, deviceName: null, memoryBytes: null, selfTestError: null, gflops: null, testedAt: null, reason, hint }
}

/** A driver that aborts or hangs ends that process, not ours. */
async function probeInProcess(name: ProviderName, { patienceMs: limits = patienceMs, signal }: ProbeOptions): Promise<ProviderReport> {
  let end: EntryEnd
  let tries = 0
  do {
    end = await runEntry('probe-worker', [name], { timeoutMs: limits[tries]!, signal })
    signal?.throwIfAborted()
    tries++
  } while (isUndecided(end) && tries < limits.length)
  const answer = answerOf(resultMark, end)
  const base = missing(name, { reason: '', hint: '' })
  const failed = (reason: string, hint: string): ProviderReport => ({ ...base, status: 'failed', reason, hint })
  const update = 'Update the graphics driver, or choose another device; kinora doctor lists them.'
  if (answer === undefined) {
    const told = probeFailureSchema.safeParse(answerOf(failureMark, end))
    if (told.success) return failed(told.data.reason, told.data.hint ?? update)
    const last = end.stderr.trim().split('\n').at(-1) ?? ''
    const seconds = limits.slice(0, tries).map((ms) => `${ms / 1000} s`).join(' and then ')
    if (end.startError !== null) return failed(`Its test process did not start: ${end.startError}`, 'Reinstall Kinora.')
    if (end.isLate) return failed(`Its test did not end (it had ${seconds}): the driver hangs, or the machine is very busy.`, `If other programs keep the machine busy, try again when they are done. Else: ${update}`)
    if (end.signal) return failed(`Its test process was ended by ${end.signal}${last ? `: ${last}` : ''}.`, end.signal === 'SIGKILL' ? 'The system ends processes so when memory runs out: close other programs and try again.' : update)
    return failed(last || `Its test process ended with code ${end.code}.`, update)
  }
  const result = probeResultSchema.safeParse(answer)
  if (!result.success) return failed('Its test process answered with something unreadable.', 'Reinstall Kinora.')
  const report = { ...base, ...result.data, testedAt: new Date().toISOString(), reason: null, hint: null }
  if (report.selfTestError <= selfTestTolerance) return { ...report, status: 'ready' }
  return {
    ...report,
    status: 'failed',
    reason: `It computes wrong values: the self-test is off by ${report.selfTestError.toPrecision(2)} (at most ${selfTestTolerance} is right).`,
    hint: update,
  }
}

/** What probe-worker said in its last line with this mark: undefined where there is none, null where it cannot be read. */
export function answerOf(mark: string, { stdout }: EntryEnd): unknown {
  const line = stdout.split('\n').findLast((each) => each.startsWith(mark))
  return line === undefined ? undefined : parseJson(line.slice(mark.length))
}

/** Too slow, or killed from outside (as the system does when memory runs out): that says little about the provider. */
function isUndecided(end: EntryEnd): boolean {
  return answerOf(resultMark, end) === undefined && (end.isLate || end.signal === 'SIGKILL')
}

/** What a remembered result depends on: programs, processor and machine. */
function identity(): string {
  const require = createRequire(import.meta.url)
  const versions = ['onnxruntime-node', '@tensorflow/tfjs-core'].map((name) => (require(`${name}/package.json`) as { version: string }).version)
  return JSON.stringify([...versions, process.version, process.platform, arch(), hostname(), cpus()[0]?.model, cpus().length, process.env.VK_ICD_FILENAMES ?? null])
}

const rememberedSchema = z.record(z.string(), z.object({ identity: z.string(), report: providerReportSchema }))
const dayMs = 24 * 3600 * 1000

function cacheFile(folder: string): string {
  return join(folder, 'providers.json')
}

function readCache(folder: string): z.infer<typeof rememberedSchema> {
  try {
    return rememberedSchema.parse(JSON.parse(readFileSync(cacheFile(folder), 'utf8')))
  } catch {
    // Missing, from another version or damaged: the test runs again.
    return {}
  }
}

function recall(name: ProviderName, folder: string): ProviderReport | null {
  const entry = readCache(folder)[name]
  return entry && entry.identity === identity() && Date.now() - Date.parse(entry.report.testedAt ?? '') < dayMs ? entry.report : null
}

function remember(report: ProviderReport, folder: string): void {
  try {
    writeFileAtomicSync(cacheFile(folder), JSON.stringify({ ...readCache(folder), [report.name]: { identity: identity(), report } }))
  } catch {
    // A cache that cannot be written costs the next start a second.
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
