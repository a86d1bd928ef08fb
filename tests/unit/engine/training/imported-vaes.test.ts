import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { float32, type HostTensors } from '../../../../electron/base/host-tensor.ts'
import { findVae, importVae, listVaes, loadVae } from '../../../../electron/engine/training/imported-vaes.ts'
import { createRun } from '../../../../electron/engine/runs/run-folder.ts'
import { vaeCache } from '../../../../electron/engine/training/vae-cache.ts'
import { writeSafetensors } from '../../../../electron/formats/safetensors.ts'
import { latentScaleName, latentShiftName } from '../../../../electron/model/autoencoder-kl.ts'
import { renamed, type VaeNaming } from '../../../../electron/model/vae-naming.ts'
import { silentLog } from '../../../../electron/platform/log.ts'
import { temporaryHome } from '../../../support/run-fixtures.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

/** diffusers' own weights of a small AutoencoderKL, from tests/golden/model. */
function goldenWeights(): HostTensors {
  const golden = JSON.parse(readFileSync(new URL('../../../golden/model/autoencoder-kl.json', import.meta.url), 'utf8')) as { parameters: Record<string, { shape: number[]; data: string }> }
  return Object.fromEntries(Object.entries(golden.parameters).map(([name, { shape, data }]) => [name, float32(new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer), shape)]))
}

const weights = goldenWeights()

/** The weights as a file of that naming, with diffusers' config.json beside it. */
async function writeFile(naming: VaeNaming, tensors: HostTensors = weights): Promise<string> {
  const folder = temporaryFolder()
  const stored = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => {
    const isPixelwise = naming === 'latent-diffusion' && /attentions\.0\.to_.*weight$/.test(name)
    return [renamed(name, naming, 2), float32(tensor.data as Float32Array, isPixelwise ? [...tensor.shape, 1, 1] : tensor.shape)]
  }))
  const path = join(folder, 'vae.safetensors')
  await writeSafetensors(path, stored)
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ _class_name: 'AutoencoderKL', norm_num_groups: 2, scaling_factor: 0.5 }))
  return path
}

const namings: VaeNaming[] = ['diffusers', 'diffusers-old', 'latent-diffusion']

describe('importVae', () => {
  it.each(namings)('keeps the same weights from a file under %s names', async (naming) => {
    const home = temporaryHome()
    const imported = await importVae(home, await writeFile(naming), 'small')
    expect(imported).toMatchObject({ name: 'small', naming, architecture: { latentChannels: 2, foldPx: 1, blockChannels: [4, 8], layersPerBlock: 1, normGroups: 2 }, scalingFactor: 0.5, isAssumed: false })
    const { [latentScaleName]: scale, [latentShiftName]: shift, ...kept } = await loadVae(home, 'small')
    expect(kept).toEqual(weights)
    expect([scale!.data[0], shift!.data[0]]).toEqual([0.5, 0])
    expect((await listVaes(home)).map(({ name }) => name)).toEqual(['small'])
  })

  it('refuses a file that is not whole and keeps nothing of it', async () => {
    const home = temporaryHome()
    const { 'quant_conv.bias': _left, ...rest } = weights
    await expect(importVae(home, await writeFile('diffusers', rest), 'half')).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('it lacks quant_conv.bias') as string })
    await expect(importVae(home, join(home.root, 'none.safetensors'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(importVae(home, await writeFile('diffusers'), '../out')).rejects.toMatchObject({ code: 'usage' })
    expect(await listVaes(home)).toEqual([])
  })

  it('gives a run its architecture and its weights, and tells of one that is not there', async () => {
    const home = temporaryHome()
    await importVae(home, await writeFile('diffusers'), 'small')
    const { config } = await createRun(home, { name: 'r', config: { data: { dataset: 'cups' }, vae: { weights: 'small' } } })
    expect(config.vae).toMatchObject({ weights: 'small', foldPx: 1, blockChannels: [4, 8], normGroups: 2, latentChannels: 2 })
    expect(Object.keys(await vaeCache(home, silentLog).imported('small'))).toContain('encoder.conv_in.weight')
    await expect(findVae(home, 'smal')).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining('Did you mean "small"?') as string })
    await expect(createRun(home, { name: 'r', config: { data: { dataset: 'cups' }, vae: { weights: 'none' } } })).rejects.toMatchObject({ code: 'not-found' })
  })
})

const python = process.env.KINORA_TORCH_PYTHON

describe.skipIf(python === undefined)('diffusers reads what the importer reads (KINORA_TORCH_PYTHON names a Python with diffusers)', () => {
  it.each(['diffusers-old', 'latent-diffusion'] as const)('%s', { timeout: 120_000 }, async (naming) => {
    const script = fileURLToPath(new URL('../../../golden/model/vae_names.py', import.meta.url))
    const ran = spawnSync(python!, [script, await writeFile(naming), naming], { encoding: 'utf8' })
    expect(ran.status, ran.stderr).toBe(0)
    const theirs = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Record<string, number>
    const ours = Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, (data as Float32Array).reduce((sum, value) => sum + value * value, 0)]))
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(ours).sort())
    for (const [name, value] of Object.entries(theirs)) expect(value, name).toBeCloseTo(ours[name]!, 5)
  })
})
