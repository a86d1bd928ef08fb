import type { Device, ProviderName } from '../contract/config.ts'
import { deviceSchema, providerNames } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { PassedOver, ProviderReport } from '../contract/system.ts'
import type { Provider } from './provider.ts'
import { ladder, type Rung } from './registry/ladder.ts'
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
  for (const rung of ladder) if (!only || only.includes(rung.name)) reports.push(await probe(rung, options))
  return reports
}

/** The provider that `auto` takes, given reports; null when none works. Never `cpu`: that one is asked for by name. */
export function chooseProvider(reports: readonly ProviderReport[]): ProviderName | null {
  const isReady = ({ name, isAutomatic }: Rung): boolean => isAutomatic() && reports.some((report) => report.name === name && report.status === 'ready')
  return ladder.find(isReady)?.name ?? null
}

export interface OpenProviderOptions extends OpenOptions, ProbeOptions {
  /** What `auto` chooses from. */
  readonly rungs?: readonly Rung[]
}

export interface OpenedProvider {
  readonly provider: Provider
  /** Quicker ones that are here and do not work, when `auto` took another. */
  readonly passedOver: readonly PassedOver[]
}

/** What a user should know of them; null where there are none. */
export function passedOverWarning({ provider, passedOver }: OpenedProvider): string | null {
  if (passedOver.length === 0) return null
  const names = passedOver.map(({ name }) => name).join(' and ')
  const reasons = passedOver.map(({ name, reason }) => `${name}: ${reason}`).join(' ')
  return `Computing on ${provider.name}, which may be many times slower: ${names} would come first, but ${passedOver.length === 1 ? 'does' : 'do'} not work. ${reasons} (kinora doctor says what to do.)`
}

/**
 * Opens `device`, or for `auto` the best provider that passes its self-test; `log` hears of those that were passed over.
 * @throws KinoraError `device-unavailable` with every reason.
 */
export async function openProvider(device: Device, { cacheDir, signal, patienceMs, rungs = ladder, ...options }: OpenProviderOptions = {}): Promise<OpenedProvider> {
  const known = deviceSchema.safeParse(device)
  if (!known.success) throw new KinoraError('device-unavailable', `There is no device '${String(device)}'.`, `Known devices: auto, ${providerNames.join(', ')}.`)
  const isNamed = known.data !== 'auto'
  const reports: ProviderReport[] = []
  for (const rung of rungs.filter(({ name, isAutomatic }) => (isNamed ? name === known.data : isAutomatic()))) {
    const report = await probe(rung, { cacheDir, signal, patienceMs })
    if (report.status === 'ready') {
      const passedOver = reports.flatMap(({ name, status, reason }) => (status === 'failed' ? [{ name, reason: reason ?? '' }] : []))
      const opened: OpenedProvider = { provider: await openUntested(rung.name, options), passedOver }
      const warning = passedOverWarning(opened)
      if (warning !== null) options.log?.('warning', warning)
      return opened
    }
    reports.push(report)
  }
  throw unavailable(known.data, reports)
}

function unavailable(device: Device, reports: readonly ProviderReport[]): KinoraError {
  if (device !== 'auto') return new KinoraError('device-unavailable', `The device '${device}' cannot be used: ${reports[0]?.reason}`, reports[0]?.hint ?? 'kinora doctor lists every device.')
  const reasons = reports.map(({ name, reason }) => `  ${name}: ${reason}`).join('\n')
  return new KinoraError('device-unavailable', `No compute provider works on this machine:\n${reasons}`, "Run kinora doctor for how to get each of them. --device cpu computes with TensorFlow.js's JavaScript kernels, hundreds of times slower.")
}
