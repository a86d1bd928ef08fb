import { describe, expect, it } from 'vitest'
import { cudaLoadError, keepFullPrecision, missingLibrary } from '../../../../../electron/tensor/backends/onnx/cuda.ts'

describe('the CUDA part of onnxruntime', () => {
  it.each([
    ['Error: libcublasLt.so.13: cannot open shared object file: No such file or directory', 'libcublasLt.so.13'],
    ['Error: /opt/app/libonnxruntime_providers_cuda.so: undefined symbol: Provider_GetHost', null],
    ['', null],
  ])('reads from the loader\'s words "%s" the library %s', (words, library) => {
    expect(missingLibrary(words)).toBe(library)
  })

  it('that does not load is an unavailable device, and says where the libraries usually are', () => {
    const cause = new Error('Failed to load shared library')
    expect(cudaLoadError(cause)).toMatchObject({ code: 'device-unavailable', hint: expect.stringContaining('LD_LIBRARY_PATH'), cause })
  })

  it('computes in full precision unless the user says otherwise', () => {
    const before = process.env.NVIDIA_TF32_OVERRIDE
    try {
      delete process.env.NVIDIA_TF32_OVERRIDE
      keepFullPrecision()
      expect(process.env.NVIDIA_TF32_OVERRIDE).toBe('0')
      process.env.NVIDIA_TF32_OVERRIDE = '1'
      keepFullPrecision()
      expect(process.env.NVIDIA_TF32_OVERRIDE).toBe('1')
    } finally {
      if (before === undefined) delete process.env.NVIDIA_TF32_OVERRIDE
      else process.env.NVIDIA_TF32_OVERRIDE = before
    }
  })
})
