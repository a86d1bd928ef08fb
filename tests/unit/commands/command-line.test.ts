import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../../electron/commands/program.ts'
import type { Terminal } from '../../../electron/commands/terminal.ts'
import { appRoot } from '../../../electron/platform/entry.ts'
import { resolveHome } from '../../../electron/platform/paths.ts'
import { writeSampleDataset } from '../../support/sample-datasets.ts'
import { recordSquares } from '../../support/recorded-squares.ts'

let home = ''
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'kinora-commands-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' }
  const terminal: Terminal = {
    out: (text) => (written.out += text),
    err: (text) => (written.err += text),
    isInteractive: false,
    columns: () => 80,
    outColumns: () => Infinity,
    now: () => performance.now(),
  }
  const code = await runCommandLine(argv, terminal)
  return { code, ...written }
}

const commands = ['demo', 'start', 'serve', 'doctor', 'demos', 'estimate', 'train', 'evaluate', 'inspect', 'export', 'vae', 'bench']

describe('help', () => {
  it('lists every command', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
    expect(out).toContain('Exit codes')
  })

  it.each(['', ...commands, 'ablate', 'report', 'convert', 'flow', 'import', 'vae import', 'vae list'])('fits into 80 columns: kinora %s', async (command) => {
    const { out } = await run(...command.split(' ').filter((word) => word !== ''), '--help')
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(out).not.toContain('(default: [])')
    expect(out).not.toMatch(/\n\n\n/)
  })

  it.each(commands)('has examples for %s', async (command) => {
    const { code, out } = await run(command, '--help')
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`Examples:\\n  \\$ (kinora|npm run) ${command}`))
    if (command !== 'vae') expect(out).toContain('--home')
  })
})

describe('too little memory', () => {
  it('is told before a run has a folder, with what to lower and the code of a device', async () => {
    const own = resolveHome(mkdtempSync(join(home, 'short-')))
    await recordSquares(own)
    const settings = Object.entries({ 'data.imageSizePx': 16, 'data.cameras': '["front"]', 'motion.cameras': '["front"]', 'batchSize': 50_000_000 }).flatMap(([field, value]) => ['--set', `${field}=${value}`])
    const { code, err } = await run('train', '--home', own.root, '--preset', 'pico', '--dataset', 'squares', ...settings)
    expect(err).toMatch(/Training takes about [\d.]+ GB of memory, and [\d.]+ GB are available/)
    expect(err).toMatch(/Lower batchSize from 50000000 to \d+/)
    expect(err).toContain('--force')
    expect(code).toBe(6)
    expect(existsSync(own.runs) ? readdirSync(own.runs) : []).toEqual([])
  }, 120_000)
})

describe('wrong usage', () => {
  it.each([
    [['trian'], /Unknown command 'trian'/, /Did you mean train\?/],
    [['train', '--datset', 'x'], /Unknown option '--datset'/, /Did you mean --dataset\?/],
    [['serve', '--port', '70000'], /0 to 65535/, /kinora serve --help/],
    [['train', '--device', 'gpu'], /Allowed choices are auto, tensorflow-gpu/, /kinora train --help/],
    [['evaluate'], /Missing required argument 'run'/, /kinora evaluate --help/],
    [['train'], /which dataset/, /--dataset/],
    [[], /Which command\?/, /kinora --help/],
  ])('%j is refused with code 2', async (argv, what, hint) => {
    const { code, out, err } = await run(...argv)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(/^kinora: /)
    expect(err).toMatch(what)
    expect(err).toMatch(hint)
    expect(err).not.toMatch(/\n\s+at /)
  })

  it('speaks JSON when asked', async () => {
    const { code, out } = await run('demos', '--size', '3', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(out)).toEqual({ error: { code: 'usage', message: expect.stringContaining('16 to 512'), hint: expect.stringContaining('--help') } })
  })
})

describe('configuration', () => {
  it('names every wrong field with what it may be', async () => {
    const { code, err } = await run('train', '--home', home, '--dataset', 'x', '--set', 'motion.target=motion', '--set', 'optimiser.learningrate=1', '--set', 'steps=0')
    expect(code).toBe(2)
    expect(err).toContain('motion.target is "motion", expected one of "none", "motion-image"')
    expect(err).toContain('did you mean "learningRate"?')
    expect(err).toContain('steps is 0, expected more than 0')
  })

  it('tells the line of bad JSON and a file that is missing', async () => {
    const file = join(home, 'run.json')
    writeFileSync(file, '{\n  "steps": 10,\n}\n')
    const bad = await run('train', '--home', home, '--config', file)
    expect(bad.code).toBe(2)
    expect(bad.err).toContain(`${file} is not JSON`)
    expect(bad.err).toContain('line 3')
    const missing = await run('train', '--home', home, '--config', join(home, 'none.json'))
    expect(missing.code).toBe(2)
    expect(missing.err).toContain('There is no configuration file')
  })

  it('prints a whole configuration in which --set wins over the preset', async () => {
    const { code, out } = await run('train', '--home', home, '--preset', 'tiny', '--print-config', '--set', 'steps=7', '--set', 'data.cameras=["agentview"]', '--device', 'cpu')
    expect(code).toBe(0)
    const config = JSON.parse(out)
    expect(config).toMatchObject({ preset: 'tiny', steps: 7, device: 'cpu', data: { cameras: ['agentview'] } })
    expect(config.backbone.width).toBe(192)
  })

  it('knows no preset of another name', async () => {
    const { code, err } = await run('train', '--home', home, '--preset', 'nanno', '--dataset', 'x')
    expect(code).toBe(2)
    expect(err).toContain('Did you mean "nano"?')
  })

  it('refuses to change what it resumes', async () => {
    const { code, err } = await run('train', '--home', home, '--resume', 'x', '--set', 'steps=3')
    expect(code).toBe(2)
    expect(err).toContain('--resume continues a run as it was')
  })
})

describe('evaluate', () => {
  it('shows both ends of the scale in every table, and plays none of it twice', async () => {
    const words = ['evaluate', '--home', home, 'random', '--tasks', 'tabletop-goal/push-button', '--seeds', '2', '--workers', '1']
    const first = await run(...words)
    expect(first.code).toBe(0)
    expect(first.out).toMatch(/tabletop-goal\/push-button +random +0\/2 +0 % +0 % to 66 %\n +expert +2\/2 +100 % +34 % to 100 %/)
    const log = join(home, 'cache', 'baselines', 'random.ndjson')
    const played = readFileSync(log, 'utf8')
    const again = await run(...words, '--no-ends')
    expect(again.out).not.toContain('expert')
    expect(readFileSync(log, 'utf8')).toBe(played)
  })
})

describe('an evaluation that ends early', () => {
  const words = (policy: string) => ['evaluate', '--home', home, policy, '--tasks', 'tabletop-goal/push-button', '--workers', '1']

  it('plays the reference on every world and the other until they are told apart, and says why it ended', { timeout: 240_000 }, async () => {
    const { code, out } = await run(...words('random'), '--seeds', '10', '--compare', 'expert', '--stop-when-decided')
    expect(code).toBe(0)
    const [, played] = /random +0\/(\d+) /.exec(out)!
    expect(Number(played)).toBeLessThan(10)
    expect(out).toMatch(/expert +10\/10 /)
    expect(out).toMatch(/^random ended after \d+ of 10 rollouts: it succeeds less often than expert \(-100 points, 95 % interval -100 to -\d+\)\.$/m)
    expect(out).toContain('hold whenever one stops')
    expect(out).toMatch(/anytime p/)
    expect(out).toContain(`n = ${played} pairs`)
    const twice = await run(...words('random'), '--seeds', '10', '--compare', 'expert', '--stop-when-decided')
    expect(twice.out).toBe(out)
  })

  it('ends once success is known well enough', { timeout: 120_000 }, async () => {
    const { code, out } = await run(...words('expert'), '--seeds', '40', '--stop-within', '20', '--no-ends', '--json')
    expect(code).toBe(0)
    const { policies } = JSON.parse(out) as { policies: { evaluation: { total: { n: number; low: number; high: number }; stoppedEarly?: { plannedSeeds: number } } }[] }
    const { total, stoppedEarly } = policies[0]!.evaluation
    expect(stoppedEarly).toEqual({ plannedSeeds: 40, reason: 'success is known to within 20 points' })
    expect(total.n).toBeLessThan(40)
    expect(total.high - total.low).toBeLessThanOrEqual(0.4)
  })

  it('is stopped by Ctrl-C with a table of what was played', { timeout: 120_000 }, async () => {
    // A home of its own, where nothing is on record.
    const other = join(home, 'stopped')
    const command = ['evaluate', '--home', other, 'expert', '--tasks', 'tabletop-goal/push-button', '--workers', '1', '--seeds', '60', '--no-ends']
    const written = { out: '', err: '' }
    let clockMs = 0
    const terminal: Terminal = {
      out: (text) => (written.out += text),
      err(text) {
        written.err += text
        if (/[1-9]\d*\/60 rollouts/.test(text)) process.emit('SIGINT')
      },
      // Long enough between two looks that every one prints a line.
      isInteractive: false, columns: () => 100, outColumns: () => Infinity, now: () => (clockMs += 10_000),
    }
    expect(await runCommandLine(command, terminal)).toBe(130)
    const [, ended] = /^expert ended after (\d+) of 60 rollouts: it was stopped by hand/m.exec(written.out)!
    expect(Number(ended)).toBeGreaterThan(0)
    expect(Number(ended)).toBeLessThan(60)
    expect(written.out).toMatch(new RegExp(`expert +\\d+/${ended} `))
    const log = join(other, 'cache', 'baselines', 'expert.ndjson')
    expect(readFileSync(log, 'utf8').split('\n').filter((line) => line.includes('"seed"')).length).toBe(Number(ended))
  })

  it('says what does not go together', async () => {
    const { code, err } = await run(...words('random'), '--stop-when-decided')
    expect(code).toBe(2)
    expect(err).toContain('--stop-when-decided needs --compare')
  })
})

describe('names that mean nothing', () => {
  it('lists what there is', async () => {
    mkdirSync(join(home, 'datasets', 'buttons'), { recursive: true })
    const run_ = await run('evaluate', '--home', home, 'joint')
    expect(run_.code).toBe(3)
    expect(run_.err).toContain('There is no run "joint"')
    const inspected = await run('inspect', '--home', home, 'buttn')
    expect(inspected.code).toBe(3)
    expect(inspected.err).toContain('Did you mean the dataset "buttons"?')
    const trained = await run('train', '--home', home, '--dataset', 'buttn')
    expect(trained).toMatchObject({ code: 3, err: expect.stringContaining('Did you mean "buttons"?') as string })
    const bench = await run('bench', 'no-such-thing')
    expect(bench.code).toBe(3)
    const task = await run('demos', '--home', home, '--task', 'tabletop-goal/push-buton', '--out', 'x')
    expect(task.code).toBe(3)
    expect(task.err).toContain('Did you mean "tabletop-goal/push-button"?')
  })

  it('says what a folder without a dataset lacks and writes nothing', async () => {
    const folder = join(home, 'holiday')
    mkdirSync(folder)
    const { code, err } = await run('train', '--home', home, '--dataset', folder)
    expect(code).toBe(3)
    expect(err).toContain(folder)
    const listed = await run('inspect', '--home', home, '--json')
    expect(JSON.parse(listed.out).runs).toEqual([])
  })
})

describe('a run that was imported', () => {
  it('has curves and no policy, and says so where weights are wanted', async () => {
    const own = mkdtempSync(join(home, 'imported-'))
    const csv = join(own, 'losses of another.csv')
    writeFileSync(csv, 'step,loss\n1,0.5\n2,0.25\n')
    expect(await run('import', '--home', own, csv, '--name', 'other')).toMatchObject({ code: 0 })
    for (const words of [['evaluate', 'other'], ['export', 'other', '--out', join(own, 'policy')], ['train', '--resume', 'other'], ['report', 'other']]) {
      expect(await run(...words, '--home', own), words.join(' ')).toMatchObject({ code: 2, err: expect.stringContaining('it has curves and no policy') as string })
    }
    expect(await run('export', 'other', '--home', own, '--metrics', 'csv', '--out', join(own, 'out.csv'))).toMatchObject({ code: 0 })
    expect(readFileSync(join(own, 'out.csv'), 'utf8')).toMatch(/loss/)
  })
})

describe('inspect --flow', () => {
  it('takes a wrong camera or model for wrong usage, not for faults of the data', async () => {
    const own = resolveHome(mkdtempSync(join(home, 'flow-')))
    await recordSquares(own)
    const inspected = (...more: string[]) => run('inspect', 'squares', '--flow', '--home', own.root, ...more)
    expect(await inspected('--camera', 'frnt')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean "front"?') as string })
    expect(await inspected('--flow-source', 'onnx')).toMatchObject({ code: 2, err: expect.stringContaining('needs a model') as string })
    expect(await inspected('--flow-source', 'onnx', '--flow-model', join(own.root, 'none.onnx'))).not.toMatchObject({ code: 0 })
  })
})

describe('a run whose folder was damaged', () => {
  it('is listed with what is wrong, by its id too', async () => {
    const own = resolveHome(mkdtempSync(join(home, 'damaged-')))
    const csv = join(own.root, 'losses.csv')
    writeFileSync(csv, 'step,loss\n1,0.5\n')
    for (const name of ['good', 'bad']) await run('import', '--home', own.root, csv, '--name', name)
    const bad = readdirSync(own.runs).find((id) => id.startsWith('bad'))!
    const file = join(own.runs, bad, 'config.json')
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')) as object, fieldOfLater: 1 }))
    const listed = await run('inspect', '--home', own.root)
    expect(listed).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`good-[^]*Cannot be read:\\n  ${bad}: .*there is no field "fieldOfLater"`)) as string })
    expect((JSON.parse((await run('inspect', '--home', own.root, '--json')).out) as { unreadable: unknown[] }).unreadable).toMatchObject([{ path: join(own.runs, bad), error: { code: 'config-invalid' } }])
    for (const command of ['inspect', 'evaluate']) expect(await run(command, bad, '--home', own.root)).toMatchObject({ code: 2, err: expect.stringContaining('there is no field "fieldOfLater"') as string })
    expect(await run('evaluate', 'bad', '--home', own.root)).toMatchObject({ code: 3, err: expect.stringContaining('1 more cannot be read') as string })
  })
})

describe('a file or folder where the other is expected', () => {
  it('is said, as wrong usage', async () => {
    expect(await run('train', '--home', home, '--config', home)).toMatchObject({ code: 2, err: expect.stringContaining(`Could not read ${home}: it is a folder, expected a file.`) as string })
    const file = join(home, 'a-file')
    writeFileSync(file, '')
    expect(await run('inspect', '--home', join(file, 'inside'), '--json')).toMatchObject({ code: 2 })
  })
})

describe('a dataset whose content suggests the wrong format', () => {
  it('is trained on as what --as says, from then on without it', { timeout: 240_000 }, async () => {
    const own = resolveHome(mkdtempSync(join(home, 'as-')))
    const folder = await writeSampleDataset(mkdtempSync(join(home, 'as-data-')), 'rlds')
    // What somebody left of a conversion: it looks like LeRobot.
    mkdirSync(join(folder, 'meta'))
    writeFileSync(join(folder, 'meta', 'info.json'), '{}')
    const on = (command: string, ...more: string[]) => run(command, '--home', own.root, '--preset', 'pico', '--dataset', folder, ...more)
    const small = ['steps=1', 'batchSize=1', 'data.imageSizePx=16', 'action.chunk=2', 'action.replanSteps=1', 'motion.target="none"'].flatMap((set) => ['--set', set])
    expect(await on('train', ...small)).toMatchObject({ code: 3, err: expect.stringContaining('meta/info.json is not as LeRobot writes it') as string })
    expect(existsSync(join(own.root, 'datasets.json'))).toBe(false)
    expect(await on('train', '--as', 'hdf5', ...small)).toMatchObject({ code: 3, err: expect.stringMatching(/no dataset of the format hdf5\.[\s\S]*Looked for: \.hdf5 files/) as string })
    expect(await on('train', '--as', 'rlds', '--name', 'told', ...small)).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(join(own.root, 'datasets.json'), 'utf8'))).toMatchObject({ datasets: [{ path: folder, format: 'rlds' }] })
    expect(await on('train', '--name', 'later', ...small)).toMatchObject({ code: 0 })
  })
})

describe('the program', () => {
  it('starts under an old Node and hands its exit code through', () => {
    // PATH without node_modules/.bin, so that the machine's own Node runs the launcher.
    const path = (process.env.PATH ?? '').split(':').filter((part) => !part.includes('node_modules')).join(':')
    const result = spawnSync('node', [join(appRoot(), 'build', 'kinora.mjs'), 'trian'], { encoding: 'utf8', env: { ...process.env, PATH: path } })
    expect(result.status).toBe(2)
    expect(result.stderr).toContain('Did you mean train?')
    expect(result.stderr).not.toContain('Warning')
  })
})
