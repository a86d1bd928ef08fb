import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { KinoraError } from '../../../contract/errors.ts'

/**
 * Call before the first session on CUDA. cuBLAS and cuDNN read this when they load; onnxruntime would let them round
 * operands to TF32's 10 bits, which puts losses off by 1e-3. A user who wants that speed sets it to 1.
 */
export function keepFullPrecision(): void {
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'
}

/** The error for a CUDA part that does not load; onnxruntime does not name the library that it misses, the system's loader does. */
export function cudaLoadError(cause: unknown): KinoraError {
  const library = missingLibrary(loaderWords())
  return new KinoraError(
    'device-unavailable',
    library === null ? "onnxruntime's CUDA part does not load." : `onnxruntime's CUDA part needs ${library}, which is not found.`,
    'Install CUDA and cuDNN in the versions that this part was made for, and name their folders in LD_LIBRARY_PATH. A Python environment with PyTorch has them in site-packages/nvidia.',
    { cause },
  )
}

function loaderWords(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  try {
    process.dlopen({ exports: {} }, join(folder, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so'))
    return ''
  } catch (error) {
    return String(error)
  }
}

/** From words like "libcublasLt.so.13: cannot open shared object file: No such file or directory"; null where they say something else. */
export function missingLibrary(words: string): string | null {
  return /(?:^|[\s:])([^\s:]+\.so[^\s:]*): cannot open shared object file/.exec(words)?.[1] ?? null
}
