import { totalmem } from 'node:os'
import { providerNameSchema, type ProviderName } from './contract/config.ts'
import { KinoraError } from './contract/errors.ts'
import { nvidiaCard } from './tensor/registry/nvidia.ts'
import { openUntested } from './tensor/registry/open.ts'
import { failureMark, resultMark, type ProbeFailure, type ProbeResult } from './tensor/registry/probe.ts'
import { measureGflops, selfTest } from './tensor/registry/self-test.ts'

/**
 * Throw-away process that tries one compute provider: `probe-worker <name>` tests it, `probe-worker speed <name> <threads>`
 * times training steps on it. Its last line is the result, or why the provider does not open, then with code 1.
 */
async function test(name: ProviderName): Promise<ProbeResult> {
  const provider = await openUntested(name)
  const card = name === 'onnx-cuda' || name === 'tensorflow-gpu' ? nvidiaCard() : null
  const result: ProbeResult = {
    version: provider.version,
    deviceName: card?.name ?? provider.deviceName,
    memoryBytes: name === 'cpu' || name === 'onnx-cpu' || name === 'tensorflow' ? totalmem() : (card?.memoryBytes ?? null),
    selfTestError: await selfTest(provider),
    // tfjs's JavaScript kernels take seconds for what others do in milliseconds.
    gflops: await measureGflops(provider, name === 'cpu' ? 128 : 512),
  }
  provider.dispose()
  return result
}

async function speed(name: ProviderName, threads: number): Promise<Record<string, number>> {
  const { timeProbes } = await import('./engine/estimate/machine-speed.ts')
  const provider = await openUntested(name, { threads })
  try {
    return await timeProbes(provider)
  } finally {
    provider.dispose()
  }
}

try {
  // Where the arguments begin differs between Node and Electron's utility processes.
  const words = process.argv.slice(process.argv.lastIndexOf('speed'))
  const result = words[0] === 'speed' ? await speed(providerNameSchema.parse(words[1]), Number(words[2])) : await test(providerNameSchema.parse(process.argv.at(-1)))
  process.stdout.write(`${resultMark}${JSON.stringify(result)}\n`)
} catch (error) {
  const { code, message, hint } = KinoraError.from(error)
  const failure: ProbeFailure = { reason: message, hint: code === 'device-unavailable' ? hint : null }
  process.stdout.write(`${failureMark}${JSON.stringify(failure)}\n`)
  process.exitCode = 1
}
