import type { Command } from 'commander'
import { exitCodes } from '../contract/errors.ts'
import type { DoctorReport, ProviderReport } from '../contract/system.ts'
import { bytes, significant, timeStamp } from '../report/numbers.ts'
import { withCommonOptions, type CommonOptions } from './context.ts'
import { examples, type Bind } from './command.ts'
import { wrapped } from './wrap.ts'

export function registerDoctor(program: Command, bind: Bind): void {
  const command = program.command('doctor')
  command
    .description('Tell what this machine has, which compute provider Kinora takes and why, and what is missing.')
    .addHelpText('after', examples(['kinora doctor', 'kinora doctor --fresh', 'kinora doctor --json'], 'Exit code 6 when no provider works.'))
  command.option('--fresh', 'repeat the self-tests that passed within the last day')
  withCommonOptions(command, { json: true })
  bind<CommonOptions & { fresh?: boolean }>(command, async (context, { fresh = false }) => {
    const { doctor } = await import('../engine/doctor.ts')
    context.note('Trying each compute provider in a process of its own...')
    const report = await doctor(context.home, { signal: context.signal, isFresh: fresh })
    const { electronPath } = await import('./start.ts')
    const electron = electronPath()
    const complete: DoctorReport = {
      ...report,
      optionalParts: [
        ...report.optionalParts,
        electron === undefined
          ? { name: 'Electron', isPresent: false, detail: 'Its binary is not here: "kinora start" tries to download it and serves the page for a browser otherwise.' }
          : { name: 'Electron', isPresent: true, detail: `Found: ${electron}.` },
      ],
    }
    context.print(complete, wrapped(doctorText(complete), context.terminal.outColumns()))
    return report.chosen === null ? exitCodes['device-unavailable'] : 0
  })
}

export function doctorText(report: DoctorReport): string {
  const lines = [
    `Kinora ${report.kinora}, Node ${report.node.replace(/^v/, '')}, ${report.platform}`,
    `${report.cpu}, ${report.cores} cores, ${bytes(report.memoryBytes)} memory`,
    `Data in ${report.home}${report.homeFreeBytes === null ? '' : `, ${bytes(report.homeFreeBytes)} free`}`,
    '',
    'Compute, best first:',
    ...report.providers.flatMap((provider) => providerLines(provider, provider.name === report.chosen)),
    ...summary(report).map((line) => `  ${line}`),
    '',
    'Optional parts:',
    ...report.optionalParts.map(({ name, isPresent, detail }) => `  ${isPresent ? 'yes' : 'no '}  ${name}: ${detail}`),
  ]
  return lines.join('\n')
}

/** What a newcomer wants to know: where training will run, and whether something better is within reach. */
function summary({ chosen, providers }: DoctorReport): string[] {
  if (chosen === null) return ["None works that Kinora would choose: see the reasons above. --device cpu computes with TensorFlow.js's JavaScript kernels, hundreds of times slower."]
  const { deviceName } = providers.find(({ name }) => name === chosen)!
  const broken = providers.slice(0, providers.findIndex(({ name }) => name === chosen)).filter(({ status }) => status === 'failed')
  return [
    `Kinora trains with ${chosen}, ${chosen === 'onnx-cpu' || chosen === 'tensorflow' ? 'on the processor' : 'on the graphics card'} (${deviceName}); --device chooses another one that is ready.`,
    ...(broken.length > 0 ? [`${broken.map(({ name }) => name).join(' and ')} would be chosen before it, but fails its self-test: training may be many times slower than this machine allows.`] : []),
    ...(chosen === 'onnx-cpu' ? ['That is enough for the demo and small presets; large models want a graphics card, see above for how to get one used.'] : []),
    'Passed self-tests are remembered for a day; kinora doctor --fresh repeats them.',
  ]
}

function providerLines(provider: ProviderReport, isChosen: boolean): string[] {
  const mark = isChosen ? 'uses  ' : provider.status === 'ready' ? 'ready ' : provider.status === 'missing' ? 'no    ' : 'fails '
  const facts = [
    provider.version,
    provider.deviceName,
    provider.memoryBytes === null ? null : bytes(provider.memoryBytes),
    provider.gflops === null ? null : `${significant(provider.gflops)} GFLOP/s`,
    provider.selfTestError === null ? null : provider.selfTestError === 0 ? 'self-test exact' : `self-test right to ${provider.selfTestError.toExponential(0)}`,
    provider.testedAt === null ? null : `tested ${timeStamp(Date.parse(provider.testedAt))}`,
  ].filter((fact) => fact !== null)
  const lines = [`  ${mark}${provider.name}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`]
  if (provider.status !== 'ready' && provider.reason !== null) lines.push(`          ${provider.reason}`)
  if (provider.status !== 'ready' && provider.hint !== null) lines.push(`          ${provider.hint}`)
  return lines
}
