import { describe, expect, it } from 'vitest'
import type { RgbImage } from '../../../electron/base/image.ts'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import type { Evaluation, Rollout } from '../../../electron/contract/run.ts'
import { successOf } from '../../../electron/evaluate/comparison.ts'
import { decodePng } from '../../../electron/formats/png.ts'
import type { ReportContents, ReportRun } from '../../../electron/report/contents.ts'
import { lineChart } from '../../../electron/report/line-chart.ts'
import { html, raw } from '../../../electron/report/markup.ts'
import { bytes, duration, integer, percent, points, significant } from '../../../electron/report/numbers.ts'
import { renderReport } from '../../../electron/report/report.ts'

const task = 'tabletop-goal/push-button'

function evaluation(outcomes: string): Evaluation {
  const rollouts = [...outcomes].map((outcome, index): Rollout => {
    const success = outcome === '1'
    return { task, seed: 20_000 + index, success, steps: 9, reason: success ? null : 'step limit of 120 reached' }
  })
  return { checkpointStep: 500, seeds: rollouts.map(({ seed }) => seed), replanSteps: 5, total: successOf(rollouts), tasks: [{ task, instruction: 'push the <red> button', ...successOf(rollouts) }], rollouts, createdAt: 0 }
}

function run(name: string, target: 'none' | 'motion-image', outcomes: string): ReportRun {
  return {
    id: `${name}-1`,
    name,
    path: `/home/someone/runs/${name}-1`,
    config: trainConfigSchema.parse({ data: { dataset: 'demo' }, motion: { target } }),
    provider: 'onnx-cpu',
    checkpointStep: 500,
    seconds: 61,
    parameters: { backbone: 400_000, action: 300_000, motion: target === 'none' ? 0 : 500_000, vae: 0 },
    evaluation: evaluation(outcomes),
    notes: '',
  }
}

const picture = (value: number): RgbImage => ({ width: 2, height: 2, data: new Uint8Array(12).fill(value) })

const contents: ReportContents = {
  title: 'Kinora demo',
  createdAt: Date.UTC(2026, 10, 22, 19, 30),
  dataset: { name: 'demo', episodeCount: 80, frameCount: 3200, fps: 20, cameras: ['agentview'], tasks: ['push the <red> button'], note: 'Recorded by scripted experts.' },
  runs: [run('action-only', 'none', '1100000000'), run('joint', 'motion-image', '1010000000')],
  baselines: [
    { name: 'expert', evaluation: evaluation('1111111111') },
    { name: 'random', evaluation: evaluation('0000000000') },
  ],
  charts: [{ title: 'Action loss', lines: [{ name: 'joint', series: 1, steps: [1, 2, 3], values: [3, 2, 1], smoothed: [3, 2.5, 2] }] }],
  motions: [
    {
      runName: 'joint',
      camera: 'agentview',
      horizonSteps: 5,
      flowSource: 'exact',
      sign: 'reversed',
      normalisation: 'image-max',
      errorMax: 1,
      summary: [{ name: 'Direction error', unit: '°', value: 31.4, reference: 90, referenceName: 'a direction drawn at random has' }],
      framesJudged: 44,
      episodes: [{ episode: 71, instruction: 'push the <red> button', frames: [{ frame: 12, camera: picture(10), truth: picture(20), predicted: picture(30), error: picture(40), endPointError: 0.4, directionErrorDeg: 12.3, movingIou: 0.61 }] }],
    },
  ],
  machine: { 'Operating system': 'Linux', Processor: 'Some CPU' },
  phases: [{ name: 'Recording', seconds: 42, note: '80 episodes' }],
  reproduce: ['git clone ...', 'npm ci && npm run demo'],
}

describe('renderReport', () => {
  const text = renderReport(contents)

  it('needs nothing from anywhere', () => {
    expect(text).not.toMatch(/<script|<link|<iframe|@import|url\(|\bsrc="(?!data:image\/png;base64,)|https?:/)
    expect(text).toContain("default-src 'none'")
    expect(text).toMatch(/^<!doctype html>/)
    expect(text).toContain('prefers-color-scheme: dark')
    expect(text).toContain('@media print')
  })

  it('escapes everything that comes from data', () => {
    expect(text).not.toContain('<red>')
    expect(text).toContain('push the &lt;red&gt; button')
  })

  it('shows n and the Wilson interval of every policy, worst baseline first', () => {
    const rows = [...text.matchAll(/<tr class="total"><th scope="row">All tasks<\/th><td>([^<]+)<\/td><td class="number">([^<]+)<\/td><td class="number">([^<]+)<\/td><td class="number">([^<]+)</g)].map((match) => match.slice(1, 5))
    expect(rows).toEqual([
      ['random', '0 of 10', '0 %', '0 % to 28 %'],
      ['action-only', '2 of 10', '20 %', '6 % to 51 %'],
      ['joint', '2 of 10', '20 %', '6 % to 51 %'],
      ['expert', '10 of 10', '100 %', '72 % to 100 %'],
    ])
  })

  it('calls noise noise and lists the seeds on which the policies disagree', () => {
    expect(text).toContain('Difference within noise')
    expect(text).toContain('The 2 seeds on which they disagree')
    expect(text).toMatch(/20001<\/td><td>action-only<\/td><td>joint/)
    expect(text).toMatch(/20002<\/td><td>joint<\/td><td>action-only/)
  })

  it('holds the pictures pixel by pixel, the true one beside the predicted', () => {
    const sources = [...text.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map((match) => decodePng(Buffer.from(match[1]!, 'base64'))!)
    expect(sources).toHaveLength(5)
    expect(sources.slice(1).map(({ data }) => data[0])).toEqual([10, 20, 30, 40])
    // The wheel of a reversed run: what lies to the right of the centre moves to the left, cyan instead of red.
    const wheel = sources[0]!
    const right = 3 * (48 * wheel.width + 90)
    expect(wheel.data[right]!).toBeLessThan(60)
    expect(wheel.data[right + 1]!).toBeGreaterThan(150)
    for (const alt of text.matchAll(/<img [^>]*alt="([^"]*)"/g)) expect(alt[1]!.length).toBeGreaterThan(10)
  })

  it('says whether the true motion is exact or estimated, and speaks of no motion where frames are predicted', () => {
    const [motion] = contents.motions
    const withSource = (flowSource: string | null) => renderReport({ ...contents, motions: [{ ...motion!, flowSource }] })
    expect(text).toContain('beside the exact flow that the dataset holds')
    expect(withSource('dis')).toContain('flow estimated from the frames (dis), which has errors of its own')
    const frames = withSource(null)
    expect(frames).toContain('expects to see 5 steps later')
    expect(frames).not.toMatch(/Colour wheel|Direction error|True motion image/)
  })

  it('names every difference of the configurations and only these', () => {
    const table = text.slice(text.indexOf('Everything in which'), text.indexOf('Machine</caption>'))
    expect([...table.matchAll(/<code>([^<]+)<\/code>/g)].map((match) => match[1])).toEqual(['motion.target'])
  })

  it('has tables with captions and scoped headers, one title, and headings in order', () => {
    const tables = text.match(/<table>/g)!.length
    expect(text.match(/<caption>/g)).toHaveLength(tables)
    expect(text).not.toMatch(/<th>|<th class/)
    expect(text.match(/<h1>/g)).toHaveLength(1)
    expect(text).toMatch(/<html lang="en">/)
  })

  it('does without a second run, a motion head and evaluations', () => {
    const lone = renderReport({ ...contents, runs: [{ ...contents.runs[0]!, evaluation: null }], baselines: [], motions: [], charts: [] })
    expect(lone).toContain('No policy was evaluated')
    expect(lone).toContain('No run of this report has a motion head')
  })
})

describe('lineChart', () => {
  it('keeps peaks however many points there are', () => {
    const count = 100_000
    const values = new Float64Array(count).fill(1)
    values[54_321] = 9
    const steps = Float64Array.from({ length: count }, (_, index) => index)
    const { text } = lineChart({ title: 'Loss', lines: [{ name: 'a', series: 0, steps, values }] })
    const points = text.match(/class="raw s0" d="([^"]+)"/)![1]!.split(/[ML]/).slice(1)
    expect(points.length).toBeLessThan(2 * 460 + 2)
    const tops = points.map((point) => Number(point.split(' ')[1]))
    expect(Math.min(...tops)).toBeLessThan(Math.max(...tops) - 100)
    expect(text.length).toBeLessThan(60_000)
  })

  it('turns logarithmic over more than two decades, and leaves out what is not finite', () => {
    const line = { name: 'a', series: 0, steps: [0, 1, 2, 3], values: [100, NaN, 0.5, 0.01] }
    const { text } = lineChart({ title: 'Loss', lines: [line] })
    expect(text).toContain('>0.1</text>')
    expect(text).toContain('>10</text>')
    expect(text).not.toMatch(/d="[^"]*NaN/)
  })

  it('says that there is nothing to draw', () => {
    expect(lineChart({ title: 'Loss', lines: [] }).text).toContain('no values were recorded')
  })

  it('draws a single point and equal values without dividing by zero', () => {
    const { text } = lineChart({ title: 'Loss', lines: [{ name: 'a', series: 0, steps: [5], values: [2] }] })
    expect(text).not.toContain('NaN')
    expect(text).not.toContain('Infinity')
  })
})

it('escapes in every place but Markup', () => {
  expect(html`<p title="${'"'}">${'<b>'}${raw('<i>')}${[html`<u>`, '&']}${null}${false}${0}</p>`.text).toBe('<p title="&quot;">&lt;b&gt;<i><u>&amp;0</p>')
})

it('writes numbers with units', () => {
  expect([percent(0.126), points(0.126), points(-0.2), points(0)]).toEqual(['13 %', '+13', '−20', '0'])
  expect([duration(3.21), duration(61), duration(272), duration(7300)]).toEqual(['3.2 s', '61 s', '4 min 32 s', '2 h 1 min'])
  expect([bytes(512), bytes(1536), bytes(2.5e9)]).toEqual(['512 B', '1.5 kB', '2.5 GB'])
  expect([integer(1234567), significant(0.012345), significant(1e-7), significant(0), significant(NaN)]).toEqual(['1,234,567', '0.0123', '1.00e-7', '0', 'NaN'])
})
