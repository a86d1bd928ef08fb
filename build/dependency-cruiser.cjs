// The layer rule of the tree: data flows down this list, imports go only up it.
// `base` and `contract` may be imported by all; a stage never knows its consumer.
const order = [
  ['platform'],
  ['formats'],
  ['tensor', 'sim'],
  ['flow'],
  ['model'],
  ['dataset'],
  ['sampler'],
  ['trainer'],
  ['checkpoint', 'metrics'],
  ['evaluate'],
  ['store'],
  ['report'],
  ['engine'],
  ['rpc'],
  ['host'],
  ['commands', 'shell'],
]

/** Rooms below `room` in the list: what it must not import. */
const below = order.flatMap((rooms, level) =>
  rooms.map((room) => {
    const later = order.slice(level + 1).flat()
    const siblings = rooms.filter((other) => other !== room)
    const forbidden = [...later, ...siblings]
    return {
      name: `${room}-imports-only-up`,
      severity: 'error',
      from: { path: `^electron/${room}/` },
      to: { path: `^electron/(${forbidden.join('|')})/` },
    }
  }),
)

module.exports = {
  forbidden: [
    ...below,
    {
      name: 'base-is-pure',
      comment: 'base and contract know neither Node nor the DOM nor any room.',
      severity: 'error',
      from: { path: '^electron/(base|contract)/' },
      to: { path: '^electron/(?!base/|contract/)' },
    },
    {
      name: 'base-and-contract-without-node',
      severity: 'error',
      from: { path: '^electron/(base|contract)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'base-imports-only-base',
      severity: 'error',
      from: { path: '^electron/base/' },
      to: { path: '^electron/contract/' },
    },
    {
      name: 'renderer-imports-only-contract',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: '^electron/(?!base/|contract/)' },
    },
    {
      name: 'renderer-without-node',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'electron-only-in-shell',
      severity: 'error',
      from: { pathNot: '^electron/(shell/|main\\.ts|preload\\.ts)' },
      to: { path: '^electron$|node_modules/electron/' },
    },
    {
      name: 'sql-only-in-store',
      severity: 'error',
      from: { path: '^electron/', pathNot: '^electron/(platform|store)/' },
      to: { path: 'sqlite' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(electron|@tensorflow/tfjs-node(-gpu)?)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.vue', '.js', '.mjs', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
