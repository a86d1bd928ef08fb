import { cpus } from 'node:os'
import { timedTrainStep, timeInTurn } from '../../../electron/engine/estimate/step-timing.ts'
import { liberoDimensions } from '../../../electron/model/parameter-counts.ts'
import { presetConfig } from '../../../electron/model/presets.ts'
import { openOnnxProvider } from '../../../electron/tensor/backends/onnx/provider.ts'

/**
 * Trains a preset on made-up batches in a process of its own, forked with the preset's name: for each number that it is sent
 * it takes as many steps and answers with their seconds.
 */
const provider = openOnnxProvider('onnx-cpu', 'cpu', { threads: cpus().length })
const step = timedTrainStep(provider, presetConfig(process.argv[2]!, 'bench'), liberoDimensions, 'latent')
await timeInTurn([step], 0)
process.on('message', (count: number) => {
  void (async () => {
    const seconds: number[] = []
    while (seconds.length < count) seconds.push(await step.time())
    process.send!(seconds)
  })()
})
process.send!('ready')
