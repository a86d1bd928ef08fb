import type { Command } from 'commander'
import type { Estimate } from '../contract/estimate.ts'
import { exitCodes } from '../contract/errors.ts'
import { bytes, duration, integer, significant } from '../report/numbers.ts'
import { withCommonOptions } from './context.ts'
import { examples, type Bind } from './command.ts'
import { dataSettings, fitted, gatherSettings, sourceOf, withConfigOptions, type ConfigOptions } from './run-config.ts'
import { formatTable } from './table.ts'
import { wrapped } from './wrap.ts'

export function registerEstimate(program: Command, bind: Bind): void {
  const command = withConfigOptions(program.command('estimate'))
  command
    .description('Tell what a run would take here, before it starts: parameters, operations, memory, disk and time.')
    .addHelpText(
      'after',
      examples(
        ['kinora estimate --preset nano --dataset demo-tabletop', 'kinora estimate --preset large', 'kinora estimate --config run.json --set batchSize=64'],
        'Without a dataset, its pictures are left out and LIBERO\'s state and action are assumed. Exit code 6 when memory is short.',
      ),
    )
  withCommonOptions(command, { json: true, device: true })
  bind<ConfigOptions>(command, async (context, options) => {
    const settings = await gatherSettings(options)
    const { estimateHere } = await import('../engine/estimate/estimate.ts')
    const { parseTrainConfig } = await import('../engine/runs/train-config.ts')
    const { withImportedVae } = await import('../engine/training/imported-vaes.ts')
    const isKnown = dataSettings(settings).dataset !== undefined
    const { config, data } = isKnown
      ? await fitted(context, settings, sourceOf(options), options.as)
      : { config: parseTrainConfig({ ...settings, data: { ...dataSettings(settings), dataset: 'none' } }, sourceOf(options)), data: null }
    const estimate = await estimateHere(context.home, await withImportedVae(context.home, config), data, { signal: context.signal, tries: true, onWarning: (message) => context.note(message) })
    context.print(estimate, wrapped(estimateText(estimate), context.terminal.outColumns()))
    return estimate.shortages.some(({ of }) => of === 'memory') ? exitCodes['out-of-memory'] : 0
  })
}

const count = (value: number): string => (value >= 1e6 ? `${significant(value / 1e6)} M` : integer(value))

/** One line before a run starts. */
export function estimateLine({ parameters, memory, time, disk }: Estimate): string {
  const trained = parameters.backbone + parameters.action + parameters.motion
  return `About ${count(trained)} parameters, ${bytes(memory.totalBytes)} of memory (${bytes(memory.availableBytes)} available), ${significant(time.secondsPerStep * 1000)} ms a step${time.basis === 'speed' ? ', good to a factor of two' : ''}, ${duration(time.totalSeconds)} in all on ${time.provider}, ${bytes(disk.totalBytes)} on disk.`
}

/** Where the time comes from. */
function basisOf({ basis, asRun }: Estimate['time']): string {
  return basis === 'run' ? `, as ${asRun} took` : basis === 'trial' ? ', as some steps took just now' : ', from the speed of this machine, good to a factor of two'
}

function estimateText(estimate: Estimate): string {
  const { parameters, memory, disk, time } = estimate
  const table = formatTable(
    ['what', 'estimate', ''],
    [
      ['parameters', count(parameters.backbone + parameters.action + parameters.motion), `backbone ${count(parameters.backbone)}, action ${count(parameters.action)}, motion ${count(parameters.motion)}; autoencoder ${count(parameters.vae)}`],
      ['operations a step', `${significant(estimate.flopsPerStep / 1e9)} GFLOP`, 'forward and backward'],
      ['memory', bytes(memory.totalBytes), `program ${bytes(memory.programBytes)}, data ${bytes(memory.dataBytes)}, weights ${bytes(memory.weightsBytes)}, optimiser ${bytes(memory.optimiserBytes)}, their copies ${bytes(memory.copyBytes)}, activations ${bytes(memory.activationBytes)}; ${bytes(memory.availableBytes)} available`],
      ['largest batch', integer(estimate.largestBatch), 'that fits into the available memory'],
      ['disk', bytes(disk.totalBytes), `${bytes(disk.checkpointBytes)} a checkpoint, ${disk.autoencoderBytes === 0 ? '' : `${bytes(disk.autoencoderBytes)} once for the autoencoder in them, `}${bytes(disk.cacheBytes)} of cache${disk.freeBytes === null ? '' : `; ${bytes(disk.freeBytes)} free`}`],
      ['time a step', `${significant(time.secondsPerStep * 1000)} ms`, `on ${time.provider}${basisOf(time)}${time.secondsPerVaeStep > 0 ? `; autoencoder ${significant(time.secondsPerVaeStep * 1000)} ms` : ''}`],
      ['time in all', duration(time.totalSeconds), 'without reading the data and validating'],
    ],
  )
  return table + estimate.shortages.map(({ message, hint }) => `\n${message} ${hint}\n`).join('')
}
