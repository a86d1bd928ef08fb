import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { float32, type HostTensors } from '../../base/host-tensor.ts'
import { nearest } from '../../base/nearest.ts'
import { vaeSchema, type TrainConfig } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'
import { SafetensorsFile, readSafetensors, writeSafetensors } from '../../formats/safetensors.ts'
import { latentScaleName, latentShiftName } from '../../model/autoencoder-kl.ts'
import { countParameters } from '../../model/parameters.ts'
import { planVaeImport, type VaeNaming } from '../../model/vae-naming.ts'
import type { Home } from '../../platform/paths.ts'

/**
 * Autoencoders that were trained elsewhere, in `<home>/vaes/<name>.safetensors`, under diffusers' names with the two
 * latent factors; the file's metadata holds their architecture. A run takes one by `vae.weights`.
 */
const architectureSchema = vaeSchema.pick({ latentChannels: true, foldPx: true, blockChannels: true, layersPerBlock: true, normGroups: true })
type Architecture = z.infer<typeof architectureSchema>

/** Factor on Stable Diffusion's latents (Rombach et al. 2022), where no config.json beside the file says another. */
const stableDiffusionScale = 0.18215

/** What diffusers' config.json tells that the tensors do not. */
const diffusersConfigSchema = z.object({ norm_num_groups: z.number().int().positive().optional(), scaling_factor: z.number().positive().optional(), shift_factor: z.number().nullish() })

export interface ImportedVae {
  readonly name: string
  readonly path: string
  readonly architecture: Architecture
}

export interface VaeImport extends ImportedVae {
  readonly naming: VaeNaming
  readonly tensorCount: number
  readonly parameterCount: number
  readonly scalingFactor: number
  /** What the tensors do not tell, the groups and the scaling factor, is Stable Diffusion's, as no config.json lay beside them. */
  readonly isAssumed: boolean
}

const folderOf = (home: Home): string => join(home.root, 'vaes')
const fileOf = (home: Home, name: string): string => join(folderOf(home), `${name}.safetensors`)
const namePattern = /^[\w.-]+$/

/**
 * Reads AutoencoderKL weights from a safetensors file under any of their published names and keeps them.
 * @throws KinoraError `config-invalid` when it is not one whole autoencoder
 */
export async function importVae(home: Home, path: string, name = basename(path).replace(/\.safetensors$/, '')): Promise<VaeImport> {
  if (!namePattern.test(name)) throw new KinoraError('usage', `"${name}" cannot be a name: letters, digits, ".", "_" and "-" can.`, 'Give another with --name.')
  await using file = await SafetensorsFile.open(path)
  const told = await readDiffusersConfig(path)
  const { naming, architecture, sources } = planVaeImport(new Map([...file.tensors].map(([key, { shape }]) => [key, shape])), told.norm_num_groups)
  const tensors: HostTensors = {}
  for (const { spec, source } of sources) tensors[spec.name] = float32((await file.read(source)).data as Float32Array, spec.shape)
  const scalingFactor = told.scaling_factor ?? stableDiffusionScale
  tensors[latentScaleName] = float32(Float32Array.of(scalingFactor), [1])
  tensors[latentShiftName] = float32(Float32Array.of(told.shift_factor ?? 0), [1])
  await mkdir(folderOf(home), { recursive: true })
  await writeSafetensors(fileOf(home, name), tensors, { architecture: JSON.stringify(architecture), source: basename(path) })
  const specs = sources.map(({ spec }) => spec)
  return { name, path: fileOf(home, name), architecture: architectureSchema.parse(architecture), naming, tensorCount: specs.length, parameterCount: countParameters(specs), scalingFactor, isAssumed: told.norm_num_groups === undefined || told.scaling_factor === undefined }
}

/** diffusers' config.json beside the weights; empty where there is none. */
async function readDiffusersConfig(path: string): Promise<z.infer<typeof diffusersConfigSchema>> {
  const file = join(dirname(path), 'config.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return {}
  try {
    return diffusersConfigSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new KinoraError('config-invalid', `${file} beside the weights is not a configuration of diffusers: ${error instanceof Error ? error.message : String(error)}`, 'Mend it, or move the weights away from it.', { cause: error })
  }
}

export async function listVaes(home: Home): Promise<ImportedVae[]> {
  const files = await readdir(folderOf(home)).catch(() => [])
  const names = files.filter((file) => file.endsWith('.safetensors')).map((file) => file.replace(/\.safetensors$/, ''))
  return Promise.all(names.sort().map((name) => findVae(home, name)))
}

/** @throws KinoraError `not-found` with the nearest name, `checkpoint-damaged` */
export async function findVae(home: Home, name: string): Promise<ImportedVae> {
  const path = fileOf(home, name)
  if (!namePattern.test(name) || !(await stat(path).then((found) => found.isFile(), () => false))) {
    const known = (await readdir(folderOf(home)).catch(() => [])).map((file) => file.replace(/\.safetensors$/, ''))
    const guess = nearest(name, known)
    throw new KinoraError('not-found', `There is no imported autoencoder "${name}".`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}${known.length === 0 ? 'Import one: kinora vae import FILE.safetensors' : `There are: ${known.join(', ')}`}.`)
  }
  await using file = await SafetensorsFile.open(path)
  return { name, path, architecture: architectureSchema.parse(JSON.parse(file.metadata['architecture'] ?? '{}')) }
}

/** Tensors under diffusers' names and the two latent factors. */
export async function loadVae(home: Home, name: string): Promise<HostTensors> {
  return readSafetensors((await findVae(home, name)).path)
}

/** The configuration with the architecture of the autoencoder that it asks for. */
export async function withImportedVae(home: Home, config: TrainConfig): Promise<TrainConfig> {
  if (config.vae.weights === null || config.motion.target === 'none') return config
  const { architecture } = await findVae(home, config.vae.weights)
  return { ...config, vae: { ...config.vae, ...architecture } }
}
