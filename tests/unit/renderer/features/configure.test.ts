import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { AblationSpec } from '../../../../electron/contract/ablation.ts'
import { expandAblation } from '../../../../electron/contract/ablation-arms.ts'
import { trainConfigSchema } from '../../../../electron/contract/config.ts'
import type { DatasetDetail } from '../../../../electron/contract/dataset.ts'
import { fitMotionCameras, fitToDataset, guessCameras, mappableVectors } from '../../../../electron/contract/fit-dataset.ts'
import { configAt, mergeConfig, withConfigAt, type RawConfig } from '../../../../electron/contract/raw-config.ts'
import { checkMapping } from '../../../../renderer/features/configure/check-mapping.ts'
import { checkConfig, readConfigText, suggestName } from '../../../../renderer/features/configure/config-form.ts'
import { blockMask, drawModel } from '../../../../renderer/features/configure/diagram.ts'
import { nameField, parseField, readSpecs } from '../../../../renderer/features/configure/field-specs.ts'
import { differingLeaves, flattenConfig } from '../../../../renderer/features/runs/flatten.ts'

const dataset = { id: 'demo', name: 'demo', path: '/demo', format: 'LeRobot v3.0', fps: 20, episodeCount: 1, frameCount: 1, cameras: ['front', 'wrist'], tasks: [], problemCount: 0 }

describe('configuration of a new run', () => {
  it('merges objects, replaces lists, and changes neither side', () => {
    const under = { motion: { lambda: 1, width: 96 }, data: { cameras: ['a', 'b'] } }
    expect(mergeConfig(under, { motion: { lambda: 0.3 }, data: { cameras: ['c'] } })).toEqual({ motion: { lambda: 0.3, width: 96 }, data: { cameras: ['c'] } })
    expect(under.motion.lambda).toBe(1)
    expect(configAt(withConfigAt(under, 'motion.target', 'none'), 'motion')).toEqual({ lambda: 1, width: 96, target: 'none' })
  })

  it('names the field of every issue', () => {
    const { config, issues } = checkConfig({ data: { dataset: 'demo' }, batchSize: -1, motion: { depht: 3 } })
    expect(config).toBeNull()
    expect(issues).toContainEqual({ path: 'batchSize', message: 'batchSize is -1, expected more than 0' })
    expect(issues.find(({ path }) => path === 'motion')?.message).toMatch(/no field "depht" in motion; did you mean "depth"/)
    expect(checkConfig({ data: { dataset: 'demo' } }).issues).toEqual([])
  })

  it('refuses a motion camera that the run does not look through', () => {
    const { issues } = checkConfig({ data: { dataset: 'demo', cameras: ['wrist'] }, motion: { cameras: ['agentview'] } })
    expect(issues.map(({ path }) => path)).toEqual(['motion.cameras'])
    expect(checkConfig({ data: { dataset: 'demo', cameras: ['wrist'] }, motion: { cameras: ['agentview'], target: 'none' } }).issues).toEqual([])
  })

  it('takes the cameras that the dataset has', () => {
    const fitted = fitToDataset({ preset: 'nano' }, dataset)
    expect(configAt(fitted, 'data')).toEqual({ dataset: 'demo', cameras: ['front', 'wrist'] })
    expect(configAt(fitted, 'motion.cameras')).toEqual(['front'])
    expect(configAt(fitToDataset({ motion: { cameras: ['wrist', 'agentview'] } }, dataset), 'motion.cameras')).toEqual(['wrist'])
    // A draft of an earlier version.
    expect(configAt(fitToDataset({ motion: { camera: 'wrist' } }, dataset), 'motion.cameras')).toEqual(['wrist'])
    expect(checkConfig(fitted).issues).toEqual([])
  })

  it('predicts the motion of a camera that is looked through, where none is named', () => {
    expect(configAt(fitMotionCameras({ data: { cameras: ['front', 'wrist'] } }), 'motion.cameras')).toEqual(['front'])
    for (const named of [{ data: { cameras: ['wrist', 'agentview'] } }, { data: { cameras: ['front'] }, motion: { cameras: ['wrist'] } }, { data: { cameras: ['front'] }, motion: { camera: 'front' } }, {}]) expect(fitMotionCameras(named)).toEqual(named)
  })

  it('reads JSON or says what is wrong with it', () => {
    expect(readConfigText('{"seed": 3}').config).toEqual({ seed: 3 })
    expect(readConfigText('[1]').problem).toBeTruthy()
    expect(readConfigText('{"seed": }').problem).toContain('JSON')
  })

  it('suggests names that are free', () => {
    expect(suggestName({ preset: 'nano', seed: 2, motion: { target: 'none' } }, [])).toBe('nano-action-s2')
    expect(suggestName({ preset: 'nano' }, ['nano-joint-s0', 'nano-joint-s0-2'])).toBe('nano-joint-s0-3')
  })
})

describe('differences of configurations', () => {
  it('lists only what differs, a missing field among it', () => {
    const rows = differingLeaves([{ seed: 0, motion: { target: 'none', lambda: 1 } }, { seed: 0, motion: { target: 'motion-image', lambda: 1 }, extra: [1] }])
    expect(rows).toEqual([{ path: 'motion.target', values: ['none', 'motion-image'] }, { path: 'extra', values: [undefined, [1]] }])
  })

  it('flattens to dotted paths and keeps lists whole', () => {
    expect(flattenConfig({ a: { b: [1, 2], c: null } })).toEqual([{ path: 'a.b', value: [1, 2] }, { path: 'a.c', value: null }])
  })
})

describe('the form', () => {
  const fields = readSpecs().flatMap((group) => group.fields)

  it('has every leaf of the schema but the preset, each described', () => {
    const leaves = flattenConfig(trainConfigSchema.parse({ data: { dataset: 'x' } })).map(({ path }) => path).filter((path) => path !== 'preset')
    expect(fields.map(({ path }) => path).sort()).toEqual(leaves.sort())
    expect(fields.filter(({ description }) => description === '').map(({ path }) => path)).toEqual([])
  })

  it('reads kinds, bounds and choices from the schema', () => {
    const find = (path: string) => fields.find((one) => one.path === path)!
    expect(find('motion.horizonSteps')).toMatchObject({ kind: 'whole', minimum: 0, usual: 5, label: 'Horizon steps', unit: '' })
    expect(find('data.imageSizePx')).toMatchObject({ label: 'Image size', unit: 'px' })
    expect(find('action.variant')).toMatchObject({ kind: 'choice', choices: ['pi0', 'pi05'] })
    expect(find('vae.blockChannels').kind).toBe('numbers')
    expect(find('data.cameras').kind).toBe('texts')
    expect(find('data.validationFraction')).toMatchObject({ kind: 'number', minimum: 0, maximum: 0.9 })
  })

  it('takes a schema that it has never seen, nested and nullable fields among it', () => {
    const specs = readSpecs(z.strictObject({ data: z.strictObject({ a: z.number().nullable().default(null).describe('An a') }), stage: z.strictObject({ inner: z.strictObject({ lengthSteps: z.number().int().default(3) }).prefault({}) }).prefault({}), plain: z.boolean().default(true) }))
    expect(specs.map(({ key, fields: own }) => [key, own.map(({ path, kind }) => `${path}:${kind}`)])).toEqual([['data', ['data.a:number']], ['run', ['plain:switch']], ['stage', ['stage.inner.lengthSteps:whole']]])
  })

  it('names fields in words', () => {
    expect(nameField('mlpRatio')).toEqual({ label: 'MLP ratio', unit: '' })
    expect(nameField('emaDecay').label).toBe('EMA decay')
    expect(nameField('steps')).toEqual({ label: 'Steps', unit: '' })
    expect(nameField('fixedPx')).toEqual({ label: 'Fixed', unit: 'px' })
  })

  it('keeps what does not parse, so that validation can say so', () => {
    expect(parseField({ kind: 'number', isOptional: false }, '1e-4')).toBe(1e-4)
    expect(parseField({ kind: 'number', isOptional: false }, '1e-')).toBe('1e-')
    expect(parseField({ kind: 'whole', isOptional: false }, ' ')).toBeUndefined()
    expect(parseField({ kind: 'numbers', isOptional: false }, '16, 32,')).toEqual([16, 32])
    expect(parseField({ kind: 'text', isOptional: true }, '')).toBeUndefined()
    expect(parseField({ kind: 'texts', isOptional: false }, '')).toEqual([])
  })
})

describe('the diagram', () => {
  const dimensions = { state: 8, action: 7 }
  const configOf = (change: RawConfig = {}) => trainConfigSchema.parse(mergeConfig({ data: { dataset: 'x' } }, change))
  const linesOf = (change: RawConfig, id: string) => drawModel(configOf(change), dimensions).boxes.find((box) => box.id === id)?.lines

  it('counts tokens as the model does', () => {
    // 64 px, 4 px patches merged twice: 4 x 4 tokens of each of two cameras, and 10 of text. The latent is 8 x 8, in patches of 2.
    expect(linesOf({}, 'stem')![0]).toBe('4 × 4 tokens each')
    expect(linesOf({}, 'backbone')![0]).toBe('42 tokens')
    expect(linesOf({}, 'noise')).toEqual(['4 × 8 × 8', 'patches of 2 cells'])
    expect(linesOf({}, 'motion')![0]).toBe('16 tokens')
    expect(linesOf({ motion: { cameras: ['agentview', 'robot0_eye_in_hand'] } }, 'motion')![0]).toBe('32 tokens')
    expect(blockMask(configOf()).sees).toEqual([[true, false, false], [true, true, false], [true, true, true]])
    expect(blockMask(configOf({ action: { variant: 'pi05' } })).blocks).toEqual(['prefix', 'actions'])
  })

  it('has a decoder for latents only, a time for what is denoised only, and no action expert in a warm-up', () => {
    const ids = (change: RawConfig) => drawModel(configOf(change), dimensions).boxes.map(({ id }) => id)
    const labels = (change: RawConfig) => drawModel(configOf(change), dimensions).arrows.flatMap(({ label }) => label ?? [])
    expect(ids({})).toEqual(['cameras', 'instruction', 'stem', 'backbone', 'actions-in', 'expert', 'actions-out', 'noise', 'motion', 'vae', 'image'])
    expect(ids({ motion: { space: 'pixels' } })).not.toContain('vae')
    expect(linesOf({ motion: { space: 'pixels' } }, 'noise')).toEqual(['3 × 64 × 64', 'patches of 8 px'])
    expect(linesOf({ motion: { space: 'pixels', target: 'raw-flow' } }, 'noise')![0]).toBe('2 × 64 × 64')
    expect(ids({ motion: { target: 'words' } })).not.toContain('vae')
    expect(linesOf({ motion: { target: 'words', wordGrid: 8 } }, 'noise')).toEqual(['8 × 8'])
    expect(labels({}).filter((label) => label === 'flow time t')).toHaveLength(2)
    expect(labels({ motion: { target: 'words' } }).filter((label) => label === 'flow time t')).toHaveLength(1)
    expect(ids({ stage: 'motion-warm-up' })).not.toContain('expert')
    expect(linesOf({ stage: 'motion-warm-up', warmUpBackbone: 'frozen' }, 'backbone')).toContain('frozen')
    expect(ids({ motion: { target: 'none' } })).not.toContain('motion')
    expect(drawModel(configOf({ motion: { lambda: 0.3, control: 'noise' } }), dimensions).notes).toEqual(['L = L_action + 0.3 × L_motion', expect.stringContaining('Control: the target is fresh noise')])
  })

  // Everything that changes what is computed, and from where it begins.
  it.each<[string, unknown, RawConfig?]>([
    ['data.imageSizePx', 32], ['data.cameras', ['agentview']],
    ['backbone.stem', 'patch'], ['backbone.stemChannels', [32, 64]], ['backbone.patchSizePx', 2], ['backbone.width', 192], ['backbone.depth', 4], ['backbone.heads', 2], ['backbone.mlpRatio', 2], ['backbone.maxTextTokens', 12], ['backbone.vocabularySize', 300],
    ['action.variant', 'pi05'], ['action.width', 64], ['action.mlpRatio', 2], ['action.chunk', 8], ['action.flowTimesPerPrefix', 1], ['action.eulerSteps', 5], ['action.replanSteps', 2], ['action.startNoise', 'random'],
    ['motion.target', 'raw-flow'], ['motion.space', 'pixels'], ['motion.control', 'static'], ['motion.lambda', 2], ['motion.horizonSteps', 9], ['motion.cameras', ['robot0_eye_in_hand', 'agentview']], ['motion.width', 32], ['motion.depth', 2], ['motion.heads', 2], ['motion.mlpRatio', 2], ['motion.patchSize', 1], ['motion.adaLn', 'block'], ['motion.conditioning', 'pooled'], ['motion.eulerSteps', 4],
    ['motion.wordGrid', 8, { motion: { target: 'words' } }], ['motion.pixelPatchPx', 4, { motion: { space: 'pixels' } }],
    ['vae.weights', 'sd'], ['vae.latentChannels', 8], ['vae.foldPx', 2], ['vae.blockChannels', [16]], ['vae.layersPerBlock', 2], ['vae.steps', 50],
    ['stage', 'motion-warm-up'], ['warmUpBackbone', 'frozen', { stage: 'motion-warm-up' }], ['startFrom', 'warm'],
  ])('follows %s', (path, value, under = {}) => {
    expect(drawModel(configOf(withConfigAt(under, path, value)), dimensions)).not.toEqual(drawModel(configOf(under), dimensions))
  })
})

describe('the mapping of a dataset', () => {
  const feature = (key: string, dimension: number) => ({ key, dtype: 'float32', shape: [dimension], names: null })
  const detail: DatasetDetail = {
    ...dataset,
    episodeCount: 2,
    tasks: ['go'],
    features: [feature('state', 3), feature('joints', 7), feature('action', 2), { key: 'note', dtype: 'string', shape: [1], names: null }],
    episodes: [{ index: 0, frameCount: 40, instruction: 'go', seed: null }, { index: 1, frameCount: 4, instruction: '', seed: null }],
    problems: [],
  }
  const model = { horizonSteps: 5, chunk: 10, hasMotion: true }
  const bad = (data: Partial<Parameters<typeof checkMapping>[1]>) => checkMapping(detail, { cameras: ['front'], state: [], action: [], instruction: '', ...data }, model).filter(({ kind }) => kind === 'bad').map(({ what }) => what)

  it('says what is missing', () => {
    expect(bad({ cameras: ['frontt'] })[0]).toMatch(/No camera frontt; it has front, wrist/)
    expect(bad({ state: ['note'] })[0]).toMatch(/No vector note/)
    expect(bad({}).join(' ')).toMatch(/1 of 2 episodes has no instruction.*1 episode is not longer than the motion horizon/)
    expect(bad({ instruction: 'go' }).join(' ')).not.toMatch(/no instruction/)
  })

  it('adds up what is joined', () => {
    expect(checkMapping(detail, { cameras: ['front'], state: ['state', 'joints'], action: [], instruction: '' }, model).map(({ what }) => what)).toContain('State of 10 numbers: state + joints')
  })

  it('guesses a fixed view first, then a wrist', () => {
    expect(guessCameras(['cam_left_wrist', 'cam_high', 'cam_low', 'cam_right_wrist'])).toEqual(['cam_high', 'cam_left_wrist'])
    expect(guessCameras(['image_2', 'image_0'])).toEqual(['image_0', 'image_2'])
    expect(guessCameras(['only'])).toEqual(['only'])
  })

  it('offers what a robot senses or does, and no bookkeeping', () => {
    const keys = ['action', 'timestamp', 'frame_index', 'observation.state', 'next.done', 'steps/is_first', 'episode_metadata/has_image_2', 'joints']
    expect(mappableVectors([...keys.map((key) => feature(key, 1)), { key: 'words', dtype: 'string', shape: [1], names: null }])).toEqual(['observation.state', 'action', 'joints'])
  })

  it('drops features that another dataset had', () => {
    const fitted = fitToDataset({ data: { state: ['elsewhere'], action: ['action'] } }, detail, detail.features)
    expect(configAt(fitted, 'data.state')).toBeUndefined()
    expect(configAt(fitted, 'data.action')).toEqual(['action'])
  })
})

describe('an ablation', () => {
  const factors: AblationSpec['factors'] = [
    { field: 'motion.target', values: ['motion-image', 'none'] },
    { name: 'size', levels: [{ label: 'small', set: {} }, { label: 'wide', set: { 'backbone.width': 192, 'action.width': 192 } }] },
  ]

  const base = { data: { dataset: 'demo' }, motion: { lambda: 0.5 } }

  it('lays each arm and seed over the base, which stays; whole comparisons come first', () => {
    const { arms, runs, repeated } = expandAblation({ factors, design: 'grid', seeds: [1, 2] }, base)
    expect(arms.map(({ label }) => label)).toEqual(['target=motion-image, small', 'target=motion-image, wide', 'target=none, small', 'target=none, wide'])
    expect(runs.map(({ arm, seed }) => [arm, seed])).toEqual([[0, 1], [1, 1], [2, 1], [3, 1], [0, 2], [1, 2], [2, 2], [3, 2]])
    expect(runs[7]!.config).toEqual({ data: { dataset: 'demo' }, motion: { lambda: 0.5, target: 'none' }, backbone: { width: 192 }, action: { width: 192 }, seed: 2 })
    expect(base).toEqual({ data: { dataset: 'demo' }, motion: { lambda: 0.5 } })
    expect(repeated).toBeNull()
  })

  it('says what is there twice', () => {
    const repeatedIn = (over: Partial<AblationSpec>) => expandAblation({ factors, design: 'one-at-a-time', seeds: [1], ...over }, base).repeated
    expect(repeatedIn({ seeds: [1, 2, 1] })).toBe('seed 1')
    expect(repeatedIn({ factors: [{ field: 'motion.lambda', values: [1, 1] }] })).toBe('lambda=1')
    expect(repeatedIn({})).toBeNull()
  })
})
