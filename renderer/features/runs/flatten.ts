/** One leaf of a configuration: dotted path and value. Lists are leaves. */
export interface Leaf {
  readonly path: string
  readonly value: unknown
}

export function flattenConfig(value: unknown, path = ''): Leaf[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [{ path, value }]
  return Object.entries(value).flatMap(([key, inner]) => flattenConfig(inner, path === '' ? key : `${path}.${key}`))
}

export function showLeaf(value: unknown): string {
  if (value === undefined) return '–'
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}

/** Rows in which not all columns agree; a path that one lacks counts as different. */
export function differingLeaves(configs: readonly unknown[]): { readonly path: string; readonly values: readonly unknown[] }[] {
  const columns = configs.map((config) => new Map(flattenConfig(config).map((leaf) => [leaf.path, leaf.value])))
  const paths = [...new Set(columns.flatMap((column) => [...column.keys()]))]
  return paths
    .map((path) => ({ path, values: columns.map((column) => column.get(path)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value) ?? 'undefined')).size > 1)
}
