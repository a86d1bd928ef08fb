import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { providerNames } from '../../../electron/contract/config.ts'
import type { ProviderReport } from '../../../electron/contract/system.ts'
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { chooseProvider, openProvider, passedOverWarning, probeProviders } from '../../../electron/tensor/registry.ts'
import { ladder, type Rung } from '../../../electron/tensor/registry/ladder.ts'
import { parseNvidiaCard } from '../../../electron/tensor/registry/nvidia.ts'
import { selfTest, selfTestTolerance } from '../../../electron/tensor/registry/self-test.ts'
import type { Provider } from '../../../electron/tensor/provider.ts'

const report = (name: ProviderReport['name'], status: ProviderReport['status'] = 'ready'): ProviderReport => ({
  name, status, version: '1', deviceName: 'x', memoryBytes: null, selfTestError: 0, gflops: 1, testedAt: null, reason: status === 'ready' ? null : 'why', hint: status === 'ready' ? null : 'how',
})

let folder = ''
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-registry-')) })
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('ladder', () => {
  it('has every provider of the contract, in its order', () => {
    expect(ladder.map(({ name }) => name)).toEqual([...providerNames])
  })

  it('says why and how for what is not here', () => {
    for (const { absence } of ladder) {
      const found = absence()
      if (found) {
        expect(found.reason).toMatch(/^[A-Z].*\.$/)
        expect(found.hint).toMatch(/\.$/)
      }
    }
  })
})

describe('parseNvidiaCard', () => {
  it('reads name and memory of the first card', () => {
    expect(parseNvidiaCard('NVIDIA RTX A6000, 49140\nNVIDIA T4, 15360\n')).toEqual({ name: 'NVIDIA RTX A6000', memoryBytes: 49140 * 2 ** 20 })
    expect(parseNvidiaCard('No devices were found\n')).toBeNull()
  })
})

describe('chooseProvider', () => {
  it('takes the first ready one of the ladder, never the JavaScript backend', () => {
    expect(chooseProvider([report('onnx-cpu'), report('onnx-cuda'), report('cpu')])).toBe('onnx-cuda')
    expect(chooseProvider([report('onnx-cuda', 'failed'), report('onnx-cpu'), report('cpu')])).toBe('onnx-cpu')
    expect(chooseProvider([report('onnx-cpu', 'failed'), report('cpu')])).toBeNull()
    expect(chooseProvider([report('onnx-cpu', 'missing')])).toBeNull()
  })
})

describe('self-test', () => {
  it('finds a provider that computes slightly wrong', async () => {
    const exact = openCpuProvider()
    expect(await selfTest(exact)).toBeLessThan(1e-6)
    const wrong: Provider = {
      ...exact,
      compile: (step, options) => exact.compile((state, inputs) => {
        const result = step(state, inputs)
        return { ...result, outputs: { ...result.outputs, conv: result.outputs.product! } }
      }, options),
    }
    expect(await selfTest(wrong)).toBeGreaterThan(selfTestTolerance)
  })
})

describe('openProvider', () => {
  it('probes in a process of its own, remembers the pass, and opens', async () => {
    const { provider } = await openProvider('onnx-cpu', { threads: 1, cacheDir: folder })
    expect(provider.name).toBe('onnx-cpu')
    expect(provider.eager(() => provider.version)).toContain('onnxruntime')
    provider.dispose()
    const remembered = JSON.parse(await readFile(join(folder, 'providers.json'), 'utf8')) as Record<string, { report: ProviderReport }>
    expect(remembered['onnx-cpu']!.report).toMatchObject({ status: 'ready', reason: null })
    expect(remembered['onnx-cpu']!.report.gflops).toBeGreaterThan(1)
    const start = performance.now()
    expect(await probeProviders({ only: ['onnx-cpu'], cacheDir: folder })).toEqual([remembered['onnx-cpu']!.report])
    expect(performance.now() - start).toBeLessThan(500)
    const [anew] = await probeProviders({ only: ['onnx-cpu'], cacheDir: folder, isFresh: true })
    expect(Date.parse(anew!.testedAt!)).toBeGreaterThan(Date.parse(remembered['onnx-cpu']!.report.testedAt!))
  })

  it('tests again where the memory is damaged', async () => {
    await writeFile(join(folder, 'providers.json'), '{"onnx-cpu": 3')
    const [found] = await probeProviders({ only: ['onnx-cpu'], cacheDir: folder })
    expect(found!.status).toBe('ready')
  })

  it('refuses unknown and absent devices with what to do', async () => {
    await expect(openProvider('gpu' as never)).rejects.toMatchObject({ code: 'device-unavailable', hint: expect.stringContaining('onnx-cpu') })
    const absent = process.platform === 'win32' ? 'onnx-coreml' : 'onnx-dml'
    await expect(openProvider(absent)).rejects.toMatchObject({ code: 'device-unavailable', message: expect.stringContaining(absent) })
  })

  // The driver list names a file that is not there, and no heap fits into a megabyte: one fails to open, one aborts.
  it.each([
    { name: 'onnx-webgpu', variable: 'VK_ICD_FILENAMES', value: '/nonexistent/icd.json', reason: /adapter/ },
    { name: 'onnx-cpu', variable: 'NODE_OPTIONS', value: '--max-old-space-size=1', reason: /ended by SIG(ABRT|TRAP)/ },
  ] as const)('a $name that cannot start only loses its turn', async ({ name, variable, value, reason }) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return
    const before = process.env[variable]
    process.env[variable] = value
    try {
      const [found] = await probeProviders({ only: [name] })
      expect(found).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason), hint: expect.stringContaining('kinora doctor') })
    } finally {
      if (before === undefined) delete process.env[variable]
      else process.env[variable] = before
    }
  })

  it('stops when asked', async () => {
    await expect(probeProviders({ only: ['cpu'], signal: AbortSignal.abort() })).rejects.toThrow()
  })
})

describe('a self-test that does not come to an end', () => {
  const rung = (name: Rung['name']): Rung => ({ name, absence: () => null, isAutomatic: () => true })

  it('is tried again with more patience before the provider is given up', async () => {
    const [late] = await probeProviders({ only: ['cpu'], patienceMs: [1, 2] })
    expect(late).toMatchObject({ status: 'failed', reason: expect.stringContaining('0.001 s and then 0.002 s'), hint: expect.stringContaining('try again') })
    // Too little at first, enough then: a busy machine is no reason to pass a provider over.
    const [ready] = await probeProviders({ only: ['onnx-cpu'], patienceMs: [1, 600_000] })
    expect(ready).toMatchObject({ name: 'onnx-cpu', status: 'ready' })
  })

  it('is an error where the device was named, and where nothing else is left: the JavaScript backend is never a way out', async () => {
    const message = expect.stringContaining('did not end')
    await expect(openProvider('onnx-cpu', { patienceMs: [1] })).rejects.toMatchObject({ code: 'device-unavailable', message, hint: expect.stringContaining('try again') })
    await expect(openProvider('auto', { patienceMs: [1], rungs: [rung('onnx-cpu'), ...ladder.filter(({ name }) => name === 'cpu')] })).rejects.toMatchObject({ code: 'device-unavailable', message, hint: expect.stringContaining('--device cpu') })
  })

  it('says aloud that auto fell from a provider that is here', async () => {
    const warnings: string[] = []
    // Not of this system, though its rung says so: its process ends with an error, as one with a broken driver does.
    const broken = process.platform === 'win32' ? 'onnx-coreml' : 'onnx-dml'
    const opened = await openProvider('auto', {
      threads: 1,
      cacheDir: folder,
      rungs: [rung(broken), rung('onnx-cpu')],
      log: (level, message) => void (level === 'warning' && warnings.push(message)),
    })
    opened.provider.dispose()
    expect(opened).toMatchObject({ provider: { name: 'onnx-cpu' }, passedOver: [{ name: broken, reason: expect.stringMatching(/./) }] })
    expect(warnings).toEqual([passedOverWarning(opened)])
    expect(warnings[0]).toMatch(new RegExp(`^Computing on onnx-cpu, which may be many times slower: ${broken} would come first, but does not work. ${broken}: .`))
  })

  it('says nothing of what is not installed', async () => {
    const opened = await openProvider('auto', {
      threads: 1,
      cacheDir: folder,
      rungs: [{ ...rung('onnx-cuda'), absence: () => ({ reason: 'No GPU.', hint: 'Buy one.' }) }, rung('onnx-cpu')],
    })
    opened.provider.dispose()
    expect(opened.passedOver).toEqual([])
    expect(passedOverWarning(opened)).toBeNull()
  })
})
