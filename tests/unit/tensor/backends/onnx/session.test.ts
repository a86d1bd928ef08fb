import { expect, test } from 'vitest'
import { withoutSource } from '../../../../../electron/tensor/backends/onnx/session.ts'

test('what the runtime says is told without its source', () => {
  const raw = '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::Init(const Config&)::<lambda()> adapter_result.status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n\n'
  expect(withoutSource(raw)).toBe('Failed to get a WebGPU adapter: No supported adapters')
  expect(withoutSource('Non-zero status code returned while running Add node.')).toBe('Non-zero status code returned while running Add node.')
})
