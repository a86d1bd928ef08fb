import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ProviderName } from '../../contract/config.ts'

/** Why a rung is out of reach, and how to get it. */
export interface Absence {
  readonly reason: string
  readonly hint: string
}

export interface Rung {
  readonly name: ProviderName
  /** A quick look without loading anything; null means: worth a test. */
  readonly absence: () => Absence | null
  /** Whether `auto` may take it. */
  readonly isAutomatic: () => boolean
}

const require = createRequire(import.meta.url)

function packageFolder(name: string): string | null {
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch {
    return null
  }
}

function tensorflow(name: string): Absence | null {
  const folder = packageFolder(name)
  if (!folder) return { reason: `The optional package ${name} is not installed.`, hint: `npm install ${name}@4.22.0 downloads libtensorflow (needs access to its download site).` }
  // Its install script leaves the folder empty where the download fails.
  if (!existsSync(join(folder, 'deps', 'lib')) || !existsSync(join(folder, 'lib'))) {
    return { reason: `${name} is installed, but libtensorflow was not downloaded.`, hint: `npm rebuild ${name} with access to its download site.` }
  }
  return null
}

function runtimeFile(name: string): boolean {
  const folder = packageFolder('onnxruntime-node')
  return folder !== null && existsSync(join(folder, 'bin', 'napi-v6', process.platform, process.arch, name))
}

function runtime(): Absence | null {
  return runtimeFile('onnxruntime_binding.node')
    ? null
    : { reason: `onnxruntime-node has no build for ${process.platform} on ${process.arch}.`, hint: 'Use Linux x64 or arm64, Windows x64 or arm64, or macOS on Apple silicon.' }
}

function cuda(): Absence | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { reason: 'onnxruntime offers CUDA only on Linux x64.', hint: 'On Windows, DirectML serves NVIDIA cards.' }
  if (!hasNvidiaDevice()) return { reason: 'No NVIDIA GPU is visible (/dev/nvidia0 is missing).', hint: 'Install the NVIDIA driver; in a container pass the GPU through.' }
  if (!runtimeFile('libonnxruntime_providers_cuda.so')) {
    return { reason: 'The CUDA part of onnxruntime is not installed (it is a separate download).', hint: 'The README, "On a GPU", tells where it is; without it onnx-webgpu uses the card.' }
  }
  return null
}

function hasNvidiaDevice(): boolean {
  return existsSync('/dev/nvidia0')
}

function hasRenderNode(): boolean {
  try {
    return readdirSync('/dev/dri').some((name) => name.startsWith('renderD'))
  } catch {
    return false
  }
}

/** A GPU that is not drawn by the processor, as far as the system's device files tell. */
export function hasHardwareGpu(): boolean {
  if (process.platform !== 'linux') return true
  return hasNvidiaDevice() || hasRenderNode()
}

function webgpu(): Absence | null {
  const missing = runtime()
  if (missing) return missing
  if (process.platform !== 'linux') return null
  if (process.arch !== 'x64') return { reason: 'onnxruntime offers WebGPU on Linux only for x64.', hint: 'Use onnx-cpu.' }
  const hasSoftware = Boolean(process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES)
  if (!hasHardwareGpu() && !hasSoftware) return { reason: 'No GPU is visible (neither /dev/dri/renderD* nor /dev/nvidia0).', hint: 'Install the graphics driver with Vulkan; in a container pass the device through.' }
  return null
}

const onlyOn = (platform: NodeJS.Platform, what: string): Absence | null => (process.platform === platform ? runtime() : { reason: `${what}.`, hint: 'Nothing to install here: another provider serves this system.' })

/** All providers, the preferred first. */
export const ladder: readonly Rung[] = [
  { name: 'tensorflow-gpu', absence: () => tensorflow('@tensorflow/tfjs-node-gpu') ?? (hasHardwareGpu() ? null : { reason: 'No NVIDIA GPU is visible.', hint: 'Install the NVIDIA driver.' }), isAutomatic: () => true },
  { name: 'onnx-cuda', absence: () => cuda() ?? runtime(), isAutomatic: () => true },
  { name: 'onnx-webgpu', absence: webgpu, isAutomatic: hasHardwareGpu },
  { name: 'onnx-dml', absence: () => onlyOn('win32', 'DirectML is part of Windows'), isAutomatic: () => true },
  { name: 'onnx-coreml', absence: () => onlyOn('darwin', 'Core ML is part of macOS'), isAutomatic: () => false },
  { name: 'onnx-cpu', absence: runtime, isAutomatic: () => true },
  // Four times slower than onnx-cpu and with four times its memory: it computes operator by operator.
  { name: 'tensorflow', absence: () => tensorflow('@tensorflow/tfjs-node'), isAutomatic: () => true },
  { name: 'cpu', absence: () => null, isAutomatic: () => false },
]
