import { describe, expect, it } from 'vitest'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import { autoencoderSpecs } from '../../../electron/model/autoencoder-kl.ts'
import { dualHeadSpecs } from '../../../electron/model/dual-head.ts'
import { liberoDimensions, parameterCounts } from '../../../electron/model/parameter-counts.ts'
import { countParameters, initialise } from '../../../electron/model/parameters.ts'
import { motionHeadSpecs } from '../../../electron/model/motion-dit.ts'
import { motionHeadSizes, presetConfig, presets } from '../../../electron/model/presets.ts'

describe('presets', () => {
  it('are all valid, and a name that is none is refused with the list', () => {
    for (const preset of presets) expect(presetConfig(preset.name, 'x').preset).toBe(preset.name)
    expect(() => presetConfig('giant', 'x')).toThrow(expect.objectContaining({ code: 'config-invalid', hint: expect.stringContaining('nano') }))
  })

  it('nano has about 0.8 M parameters to act with', () => {
    const { backbone, action } = parameterCounts(presetConfig('nano', 'x'))
    expect(backbone + action).toBeGreaterThan(700_000)
    expect(backbone + action).toBeLessThan(900_000)
  })

  it('reach the published sizes of Stable Diffusion\'s VAE and of DiT-L with cross-attention', () => {
    const large = presetConfig('large', 'x')
    expect(countParameters(autoencoderSpecs(large))).toBe(83_653_863)
    expect(autoencoderSpecs(large)).toHaveLength(248)
    const { motion, backbone } = parameterCounts(presetConfig('paligemma-2b', 'x'))
    expect(Math.round(motion / 1e6)).toBe(415)
    expect(Math.round(backbone / 1e9)).toBe(2)
  })

  it.each([
    ['S', 31, 33],
    ['B', 121, 130],
    ['L', 415, 458],
    ['XL', 610, 675],
  ] as const)('DiT-%s has %i M parameters with cross-attention and shared adaLN, %i M as published', (size, withCross, published) => {
    const paligemma = presetConfig('paligemma-2b', 'x')
    const withHead = (motion: Partial<typeof paligemma.motion>) => ({ ...paligemma, motion: { ...paligemma.motion, ...motionHeadSizes[size], ...motion } })
    expect(Math.round(countParameters(motionHeadSpecs(withHead({}))) / 1e6)).toBe(withCross)
    // DiT's own: a projection per block, a table of 1001 classes instead of our context, and a learned sigma.
    const { width } = motionHeadSizes[size]
    const blocks = motionHeadSpecs(withHead({ adaLn: 'block', conditioning: 'pooled' })).filter(({ name }) => !name.startsWith('motion/context'))
    expect(Math.round((countParameters(blocks) + 1001 * width + 16 * (width + 1)) / 1e6)).toBe(published)
  })

  it.each([
    ['pico', 0.289, 0.26],
    ['nano', 0.796, 0.262],
    ['tiny', 5.69, 7.04],
    ['small', 43.7, 30],
    ['base', 128.6, 119.5],
    ['large', 447, 414],
    ['paligemma-2b', 2460, 415],
  ])('%s has about %f M parameters to act with and %f M in the motion head', (name, acting, imagining) => {
    const { backbone, action, motion } = parameterCounts(presetConfig(name, 'x'))
    expect((backbone + action) / 1e6 / acting).toBeCloseTo(1, 2)
    expect(motion / 1e6 / imagining).toBeCloseTo(1, 2)
  })

  it('count what is really made', () => {
    const config = presetConfig('nano', 'x')
    const alone = { ...config, motion: { ...config.motion, target: 'none' as const } }
    for (const each of [config, alone]) {
      const counts = parameterCounts(each)
      const made = Object.values(initialise(dualHeadSpecs(each, liberoDimensions), 0)).reduce((sum, tensor) => sum + tensor.data.length, 0)
      expect(made).toBe(counts.backbone + counts.action + counts.motion)
    }
    // What only the motion head reads of the backbone is not there without one.
    expect(parameterCounts(alone).backbone).toBeLessThan(parameterCounts(config).backbone)
  })
})

describe('trainConfigSchema', () => {
  const refused = (config: object) => trainConfigSchema.safeParse({ data: { dataset: 'x' }, ...config }).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n') ?? ''

  it('refuses unknown fields and names them', () => {
    expect(refused({ bachSize: 4 })).toContain('bachSize')
    expect(refused({ motion: { horizon: 4 } })).toContain('horizon')
  })

  it('refuses fields that contradict each other', () => {
    expect(refused({ backbone: { width: 96, heads: 5 } })).toContain('multiple of backbone.heads')
    expect(refused({ data: { dataset: 'x', imageSizePx: 60 } })).toContain('data.imageSizePx 60')
    expect(refused({ motion: { cameras: ['agentview', 'overhead'] } })).toBe('motion.cameras: motion.cameras names "overhead", which is not one of data.cameras (agentview, robot0_eye_in_hand)')
    expect(refused({ motion: { cameras: ['agentview', 'agentview'] } })).toContain('motion.cameras names a camera twice')
    expect(refused({ motion: { cameras: [] } })).toContain('motion.cameras')
    expect(refused({ motion: { flow: 'onnx' } })).toBe('motion.flowModel: motion.flow "onnx" needs motion.flowModel, the path of a RAFT-like .onnx file')
    expect(refused({ motion: { flow: 'onnx', flowModel: 'raft.onnx' } })).toBe('')
    expect(refused({ action: { replanSteps: 11 } })).toContain('action.replanSteps 11')
    expect(refused({ vae: { blockChannels: [12, 16] } })).toContain('vae.normGroups')
    expect(refused({ data: { dataset: 'x', cameras: ['a'] }, motion: { target: 'none' } })).toBe('')
  })

  it('reads motion.camera of an earlier version as the one motion camera', () => {
    const given = { data: { dataset: 'x' }, motion: { camera: 'robot0_eye_in_hand', lambda: 0.5 } }
    expect(trainConfigSchema.parse(given)).toEqual(trainConfigSchema.parse({ data: { dataset: 'x' }, motion: { cameras: ['robot0_eye_in_hand'], lambda: 0.5 } }))
    expect(refused({ motion: { camera: 'overhead' } })).toContain('motion.cameras names "overhead"')
    expect(refused({ motion: { camera: 'agentview', cameras: ['agentview'] } })).toContain('camera')
  })
})

describe('initialise', () => {
  it('depends on the seed and the name alone, so that shared parts of two models start equal', () => {
    const joint = presetConfig('nano', 'x')
    const alone = { ...joint, motion: { ...joint.motion, target: 'none' as const } }
    const a = initialise(dualHeadSpecs(joint, liberoDimensions), 5)
    const b = initialise(dualHeadSpecs(alone, liberoDimensions), 5)
    expect(Object.keys(b).length).toBeLessThan(Object.keys(a).length)
    const bytes = (data: { buffer: ArrayBufferLike }) => Buffer.from(data.buffer)
    for (const [name, tensor] of Object.entries(b)) expect(bytes(tensor.data).equals(bytes(a[name]!.data)), name).toBe(true)
    const other = initialise(dualHeadSpecs(alone, liberoDimensions), 6)
    expect(bytes(other['action/in/weight']!.data).equals(bytes(b['action/in/weight']!.data))).toBe(false)
  })

  it('starts residual branches and heads at zero', () => {
    const parameters = initialise(dualHeadSpecs(presetConfig('nano', 'x'), liberoDimensions), 0)
    for (const name of ['action/project/weight', 'motion/final/weight', 'motion/modulation/weight', 'motion/block/0/cross-out/weight', 'backbone/layer/0/out/weight', 'action/layer/0/mlp2/weight']) {
      expect(parameters[name]!.data.every((value) => value === 0), name).toBe(true)
    }
  })
})
