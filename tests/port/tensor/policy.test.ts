import { describe, expect, it } from 'vitest'
import type { TrainConfig } from '../../../electron/contract/config.ts'
import type { Provider } from '../../../electron/tensor/provider.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'
import { collect, expectIdentical, memoryCache, snapshots, stored } from '../../support/training.ts'
import { openTestOnnx, providers } from '../../support/tensor-providers.ts'

const dataset = movingSquares()
const configs: Record<string, TrainConfig> = {
  'both heads, latents computed once': smallConfig(),
  'both heads, targets encoded in the step': smallConfig({ data: { shiftVariants: 0 } }),
  'the pi05 action head alone': smallConfig({ motion: { target: 'none' }, action: { variant: 'pi05' } }),
}

async function losses(provider: Provider, config: TrainConfig): Promise<number[]> {
  const events = await collect({ config, dataset, provider, vaeCache: memoryCache() })
  return events.flatMap((event) => (event.type === 'step' && event.phase === 'train' ? [event.values['loss/total']!] : []))
}

// The reference kernels run these too, but take a minute.
describe.each(providers().filter(({ name }) => name !== 'cpu'))('whole trainings on $name', { timeout: 240_000 }, ({ name, open }) => {
  it.skipIf(name === 'onnx-cpu').each(Object.keys(configs))('%s: the losses of the default provider', async (key) => {
    const [provider, reference] = [open(), openTestOnnx()]
    const [found, expected] = [await losses(provider, configs[key]!), await losses(reference, configs[key]!)]
    provider.dispose()
    reference.dispose()
    expect(found).toHaveLength(expected.length)
    found.forEach((value, step) => expect(value, `step ${step + 1}`).toBeCloseTo(expected[step]!, 2))
  })

  it.each(Object.keys(configs))('%s: resumed, it is the same run bit for bit', async (key) => {
    const provider = open()
    const shared = { config: configs[key]!, dataset, provider, vaeCache: memoryCache() }
    const [middle, whole] = snapshots(await collect(shared))
    const resumed = snapshots(await collect({ ...shared, restore: stored(middle!) })).at(-1)!
    provider.dispose()
    expectIdentical(resumed.tensors, whole!.tensors)
  })
})
