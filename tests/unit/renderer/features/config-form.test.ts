import { describe, expect, it } from 'vitest'
import { checkConfig, configAt, fitToDataset, mergeConfig, readConfigText, suggestName, withConfigAt } from '../../../../renderer/features/runs/config-form.ts'
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
    expect(issues.join('\n')).toMatch(/batchSize is -1/)
    expect(issues.join('\n')).toMatch(/no field "depht" in motion; did you mean "depth"/)
    expect(checkConfig({ data: { dataset: 'demo' } }).issues).toEqual([])
  })

  it('refuses a motion camera that the run does not look through', () => {
    const { paths } = checkConfig({ data: { dataset: 'demo', cameras: ['wrist'] }, motion: { camera: 'agentview' } })
    expect([...paths]).toEqual(['motion.camera'])
    expect(checkConfig({ data: { dataset: 'demo', cameras: ['wrist'] }, motion: { camera: 'agentview', target: 'none' } }).issues).toEqual([])
  })

  it('takes the cameras that the dataset has', () => {
    const fitted = fitToDataset({ preset: 'nano' }, dataset)
    expect(configAt(fitted, 'data')).toEqual({ dataset: 'demo', cameras: ['front', 'wrist'] })
    expect(configAt(fitted, 'motion.camera')).toBe('front')
    expect(checkConfig(fitted).issues).toEqual([])
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
