// Prints the numbers of electron/tensor/registry/self-test.values.ts: node tests/golden/tensor/self-test-values.ts
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { selfTestValues } from '../../../electron/tensor/registry/self-test.ts'

process.stdout.write(JSON.stringify(await selfTestValues(openCpuProvider())) + '\n')
