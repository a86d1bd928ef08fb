import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import type { Evaluation } from '../../../../electron/contract/run.ts'
import { reproduction } from '../../../../electron/engine/exchange/reproduction.ts'

const evaluation = { seeds: [20000, 20001, 20002], replanSteps: 5, tasks: [{ task: 'tabletop-goal/push-button' }, { task: 'tabletop-goal/block-on-plate' }] } as unknown as Evaluation

it('evaluates again what was evaluated, on as many worlds, and nothing else', () => {
  expect(reproduction([{ path: '/home/runs/a-1', name: 'a', evaluation }, { path: '/home/runs/b-2', name: 'b', evaluation: null }])).toEqual([
    'npx kinora train --config /home/runs/a-1/config.json --name a',
    'npx kinora train --config /home/runs/b-2/config.json --name b',
    'npx kinora evaluate a --tasks tabletop-goal/push-button,tabletop-goal/block-on-plate --seeds 3 --replan 5',
    'npx kinora report a b',
  ])
})

it.skipIf(process.platform === 'win32')('quotes names and paths as a shell reads them (skipped on Windows, whose shell is another)', () => {
  const [train] = reproduction([{ path: "/my runs/it's $HOME", name: 'joint, λ=1; rm', evaluation: null }])
  const words = execFileSync('sh', ['-c', `for word in ${train!.replace('npx kinora train', '')}; do printf '%s\\n' "$word"; done`], { encoding: 'utf8' })
  expect(words.trimEnd().split('\n')).toEqual(['--config', "/my runs/it's $HOME/config.json", '--name', 'joint, λ=1; rm'])
})
