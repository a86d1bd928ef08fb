import { describe, expect, it } from 'vitest'
import { doctorText } from '../../../electron/commands/doctor.ts'
import type { DoctorReport, ProviderReport } from '../../../electron/contract/system.ts'

const ready: ProviderReport = { name: 'onnx-cpu', status: 'ready', version: 'onnxruntime 1.30.0', deviceName: 'Some CPU', memoryBytes: 16e9, selfTestError: 9e-6, gflops: 134.2, testedAt: '2026-03-02T09:14:00.000Z', reason: null, hint: null }
const missing: ProviderReport = { ...ready, name: 'onnx-cuda', status: 'missing', version: null, deviceName: null, memoryBytes: null, selfTestError: null, gflops: null, testedAt: null, reason: 'No NVIDIA GPU is visible.', hint: 'Install the NVIDIA driver.' }
const report = (providers: ProviderReport[], chosen: DoctorReport['chosen']): DoctorReport => ({
  kinora: '0.1.0', node: 'v24.0.0', platform: 'Linux', cpu: 'Some CPU', cores: 8, memoryBytes: 16e9, home: '/home/ada', homeFreeBytes: null, providers, chosen, optionalParts: [],
})

describe('doctorText', () => {
  it('says what runs where, since when that is known, and why the rest does not', () => {
    const text = doctorText(report([missing, ready], 'onnx-cpu'))
    expect(text).toContain('no    onnx-cuda\n          No NVIDIA GPU is visible.\n          Install the NVIDIA driver.')
    expect(text).toMatch(/uses {2}onnx-cpu: onnxruntime 1\.30\.0, Some CPU, 16\.0 GB, 134 GFLOP\/s, self-test right to 9e-6, tested 2026-03-02 09:14 UTC\n/)
    expect(text).toContain('Kinora trains with onnx-cpu, on the processor (Some CPU)')
    expect(text).toContain('doctor --fresh')
  })

  it('says plainly that none works, and what the slow one costs', () => {
    const text = doctorText(report([missing, { ...ready, name: 'cpu' }], null))
    expect(text).toContain('None works')
    expect(text).toContain('hundreds of times slower')
  })

  it('says aloud that a better one is here and fails', () => {
    const broken: ProviderReport = { ...missing, status: 'failed', reason: 'Its test process was ended by SIGABRT.', hint: 'Update the driver.' }
    const text = doctorText(report([broken, ready], 'onnx-cpu'))
    expect(text).toContain('fails onnx-cuda\n          Its test process was ended by SIGABRT.')
    expect(text).toContain('onnx-cuda would be chosen before it')
    expect(doctorText(report([missing, ready], 'onnx-cpu'))).not.toContain('would be chosen')
  })

  it('names a graphics card', () => {
    expect(doctorText(report([{ ...ready, name: 'onnx-cuda', deviceName: 'NVIDIA T4' }], 'onnx-cuda'))).toContain('on the graphics card (NVIDIA T4)')
  })
})
