import type { Device, ProviderName } from '../contract/config.ts'
import { deviceSchema, providerNames } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { ProviderReport } from '../contract/system.ts'
import { silent } from './backends/log.ts'
import type { Provider } from './provider.ts'
import { ladder } from './registry/ladder.ts'
import { openUntested, type OpenOptions } from './registry/open.ts'
import { probe, type ProbeOptions } from './registry/probe.ts'

export type { OpenOptions } from './registry/open.ts'

export interface ProbeProvidersOptions extends ProbeOptions {
  readonly only?: readonly ProviderName[]
}

/** Tests every provider, or `only` these, each in a process of its own; reports in the ladder's order. */
export async function probeProviders({ only, ...options }: ProbeProvidersOptions = {}): Promise<ProviderReport[]> {
  const reports: ProviderReport[] = []
  // One after another: side by side they would falsify each other's speed.
  for (const { name } of ladder) if (!only || only.includes(name)) reports.push(await probe(name, options))
  return reports
}

/** The provider that `auto` takes, given reports; null when none works. The JavaScript backend only where nothing else works. */
export function chooseProvider(reports: readonly ProviderReport[]): ProviderName | null {
  const ready = (name: ProviderName): boolean => reports.some((report) => report.name === name && report.status === 'ready')
  const preferred = ladder.find(({ name, isAutomatic }) => isAutomatic() && ready(name))
  return preferred?.name ?? (ready('cpu') ? 'cpu' : null)
}

/**
 * Opens `device`, or for `auto` the best provider that passes its self-test.
 * @throws KinoraError `device-unavailable` with every reason.
 */
export async function openProvider(device: Device, { cacheDir, signal, ...options }: OpenOptions & ProbeOptions = {}): Promise<Provider> {
  const known = deviceSchema.safeParse(device)
  if (!known.success) throw new KinoraError('device-unavailable', `There is no device '${String(device)}'.`, `Known devices: auto, ${providerNames.join(', ')}.`)
  if (known.data !== 'auto') {
    const report = await probe(known.data, { cacheDir, signal })
    if (report.status !== 'ready') throw unavailable(known.data, [report])
    return openUntested(known.data, options)
  }
  const reports: ProviderReport[] = []
  for (const { name } of ladder.filter((rung) => rung.isAutomatic())) {
    const report = await probe(name, { cacheDir, signal })
    reports.push(report)
    if (report.status === 'ready') return openUntested(name, options)
  }
  const fallback = await probe('cpu', { cacheDir, signal })
  if (fallback.status !== 'ready') throw unavailable('auto', [...reports, fallback])
  const log = options.log ?? silent
  log('warning', `No fast compute provider works here; using tfjs's JavaScript backend, which is very slow. ${reports.map(({ name, reason }) => `${name}: ${reason}`).join(' ')}`)
  return openUntested('cpu', options)
}

function unavailable(device: Device, reports: readonly ProviderReport[]): KinoraError {
  if (reports.length === 1) return new KinoraError('device-unavailable', `The device '${device}' cannot be used: ${reports[0]!.reason}`, reports[0]!.hint ?? 'kinora doctor lists every device.')
  const reasons = reports.map(({ name, reason }) => `  ${name}: ${reason}`).join('\n')
  return new KinoraError('device-unavailable', `No compute provider works on this machine:\n${reasons}`, 'Run kinora doctor for how to get each of them.')
}
