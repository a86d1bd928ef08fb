import type { Command } from 'commander'
import { counted, integer, significant } from '../report/numbers.ts'
import { withCommonOptions, type CommonOptions } from './context.ts'
import { examples, type Bind } from './command.ts'

interface ImportOptions extends CommonOptions {
  readonly name?: string
}

export function registerVae(program: Command, bind: Bind): void {
  const group = program.command('vae').description('Autoencoders from elsewhere for the motion head: import Stable Diffusion\'s, list what there is.')
  group.addHelpText('after', examples(['kinora vae import diffusion_pytorch_model.safetensors --name sd-vae', 'kinora vae list', 'kinora train --preset large --dataset cups --set vae.weights=sd-vae']))

  const load = group.command('import').argument('<file>', 'safetensors file with the weights')
  load
    .description("Keep an AutoencoderKL's weights, under diffusers' names (new or old) or latent diffusion's.")
    .option('--name <name>', 'what to call it (default: the name of the file)')
    .addHelpText('after', examples(['kinora vae import vae/diffusion_pytorch_model.safetensors --name sd-vae-ft-mse', 'kinora vae import v1-5-pruned.safetensors --name sd-1.5'], 'A config.json of diffusers beside the file gives the scaling factor and the groups; else 0.18215 and 32.'))
  withCommonOptions(load, { json: true })
  bind<ImportOptions>(load, async (context, options, file) => {
    const { importVae } = await import('../engine/training/imported-vaes.ts')
    const vae = await importVae(context.home, file!, options.name)
    const { blockChannels, layersPerBlock, latentChannels, normGroups } = vae.architecture
    context.print(
      vae,
      `Imported "${vae.name}": ${vae.tensorCount} tensors under ${vae.naming} names, ${integer(vae.parameterCount)} parameters.\n` +
        `Channels ${blockChannels.join(', ')}, ${counted(layersPerBlock, 'residual blocks')} each, ${latentChannels} latent channels, ${normGroups} groups, scaling factor ${significant(vae.scalingFactor, 5)}.\n` +
        (vae.isAssumed ? 'No config.json of diffusers beside the weights says so of groups and factor: they are Stable Diffusion\'s. For another autoencoder put its config.json there and import it again.\n' : '') +
        `Use it: kinora train ... --set vae.weights=${vae.name}`,
    )
  })

  const list = group.command('list').description('The autoencoders that were imported.').addHelpText('after', examples(['kinora vae list']))
  withCommonOptions(list, { json: true })
  bind<CommonOptions>(list, async (context) => {
    const { listVaes } = await import('../engine/training/imported-vaes.ts')
    const vaes = await listVaes(context.home)
    context.print(vaes, vaes.length === 0 ? 'None was imported yet: kinora vae import FILE.safetensors' : vaes.map(({ name, architecture }) => `${name}  channels ${architecture.blockChannels.join(', ')}`).join('\n'))
  })
}
