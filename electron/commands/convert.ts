import { Option, type Command } from 'commander'
import { KinoraError } from '../contract/errors.ts'
import type { ExportSource } from '../dataset/convert/export.ts'
import { datasetFormats, type DatasetFormat } from '../contract/dataset.ts'
import { counted } from '../report/numbers.ts'
import { examples, type Bind } from './command.ts'
import { datasetFolder } from './demos.ts'
import { listOf, repeated, withCommonOptions, type CommonOptions, type Context } from './context.ts'

interface ConvertOptions extends CommonOptions {
  readonly out?: string
  readonly as?: DatasetFormat
  readonly episodes?: string
  readonly leaveOut?: string
  readonly task?: string
  readonly onlySuccesses?: boolean
  readonly split?: string
  readonly rename?: readonly string[]
  readonly without?: readonly string[]
}

export function registerConvert(program: Command, bind: Bind): void {
  const command = program.command('convert').argument('<datasets...>', 'one or more datasets: folders, or names of the home')
  command
    .description('Write datasets of any format as LeRobot v3.0: converted, joined, cut down, split, with features renamed or left out.')
    .option('--out <name or folder>', 'name of the new dataset in the home, or a folder')
    .addOption(new Option('--as <format>', 'what the datasets are, where the guess is wrong').choices([...datasetFormats]))
    .option('--episodes <list>', 'only these, such as 0-9,12 (one dataset)')
    .option('--leave-out <list>', 'all but these (one dataset)')
    .option('--task <words>', 'only episodes whose instruction has these words')
    .option('--only-successes', 'only episodes that reached their goal, by a success flag or sparse reward of the data')
    .option('--split <shares>', 'write several datasets, such as train=0.9,val=0.1, as OUT-train and OUT-val')
    .option('--rename <old=new>', 'give a feature or camera another name; may be repeated', repeated)
    .option('--without <features>', 'do not write these features or cameras; comma-separated or repeated', listOf)
    .addHelpText('after', examples(['kinora convert ~/data/bridge --out bridge-lerobot', 'kinora convert day-1 day-2 --out both-days', 'kinora convert demos --leave-out 3,17 --out clean', 'kinora convert demos --split train=0.9,val=0.1 --out demos', 'kinora convert g1 --rename cam_high=front --out g1-front', 'kinora convert bridge --without language_embedding,image_3 --out bridge-small'], 'The source is never changed. kinora/episode-map.json of the new dataset says which episode came from where.'))
  withCommonOptions(command, { json: true })
  bind<ConvertOptions>(command, (context, options, ...names) => convert(context, options, names.flat()))
}

async function convert(context: Context, options: ConvertOptions, names: readonly string[]): Promise<void> {
  if (options.out === undefined) throw new KinoraError('usage', 'Write to which dataset?', 'Give --out with a name or a folder.')
  if (names.length > 1 && (options.episodes !== undefined || options.leaveOut !== undefined)) throw new KinoraError('usage', 'Episodes can be chosen by number from one dataset only.', 'Cut the datasets down one by one, then join them.')
  const { findDataset, openPlace } = await import('../engine/dataset-places.ts')
  const { exportLeRobotV3 } = await import('../dataset/convert/export.ts')
  const { leftOutProblem, lostFlowProblem, planExports } = await import('../dataset/convert/plan.ts')
  const { chooseEpisodes, parseEpisodes, splitByShares } = await import('../dataset/convert/selection.ts')
  const choice = {
    ...(options.episodes === undefined ? {} : { episodes: parseEpisodes(options.episodes) }),
    ...(options.leaveOut === undefined ? {} : { leaveOut: parseEpisodes(options.leaveOut) }),
    ...(options.task === undefined ? {} : { task: options.task }),
    ...(options.onlySuccesses === undefined ? {} : { onlySuccesses: options.onlySuccesses }),
  }
  const changes = { rename: Object.fromEntries((options.rename ?? []).map(parseRename)), without: options.without ?? [] }
  const sources: ExportSource[] = []
  try {
    for (const name of names) {
      const place = await findDataset(context.home, name)
      const dataset = await openPlace(context.home, { ...place, format: options.as ?? place.format }, context.signal)
      sources.push({ dataset, episodes: chooseEpisodes(dataset.detail.episodes, choice) })
      const { problemCount } = dataset.detail
      if (problemCount > 0) context.note(`${name} has ${counted(problemCount, 'problems')}, which kinora inspect lists; what cannot be read is not written.`)
    }
    const plans = planExports(sources.map(({ dataset }) => dataset), changes)
    const problems = plans.flatMap((plan, index) => [leftOutProblem(plan, sources[index]!.dataset.detail.name), lostFlowProblem(plan, sources[index]!.dataset)]).filter((problem) => problem !== null)
    for (const { what, hint } of problems) context.note(`${what} ${hint}`)
    const target = datasetFolder(context, options.out)
    const written: { path: string; episodes: number }[] = []
    for (const part of parts(sources, options.split === undefined ? null : (episodes) => splitByShares(episodes, options.split!))) {
      const path = part.name === null ? target : `${target}-${part.name}`
      const total = part.sources.reduce((sum, { episodes }) => sum + episodes.length, 0)
      context.progress.start(`Writing ${path}`, total, 'episodes')
      const map = await exportLeRobotV3({ path, sources: part.sources, changes, signal: context.signal, onProgress: (done) => context.progress.update(done) })
      context.progress.finish('done')
      written.push({ path, episodes: map.length })
    }
    context.print({ kind: 'converted', written, problems }, written.map(({ path, episodes }) => `${counted(episodes, 'episodes')} in ${path}`).join('\n'))
  } finally {
    for (const { dataset } of sources) dataset.dispose()
  }
}

/** The sources as one part, or as one for each share: every source is split alike. */
function parts(sources: readonly ExportSource[], split: ((episodes: readonly number[]) => Map<string, number[]>) | null): { name: string | null; sources: readonly ExportSource[] }[] {
  if (split === null) return [{ name: null, sources }]
  const splits = sources.map(({ episodes }) => split(episodes))
  return [...splits[0]!.keys()].map((name) => ({ name, sources: sources.map(({ dataset }, index) => ({ dataset, episodes: splits[index]!.get(name)! })) }))
}

function parseRename(text: string): [string, string] {
  const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? []
  if (from === undefined || to === undefined) throw new KinoraError('usage', `--rename ${text} has no new name.`, 'Write --rename old=new.')
  return [from.trim(), to.trim()]
}
