/** What the columns of a recording are, as `meta/info.json` and the parquet metadata of `datasets` want it told. */
export interface RecordingShape {
  readonly fps: number
  readonly cameras: readonly string[]
  /** Side of the square pictures. */
  readonly sizePx: number
  readonly stateNames: readonly string[]
  readonly actionNames: readonly string[]
  readonly robotType: string
}

export const imageKey = (camera: string): string => `observation.images.${camera}`
export const stateKey = 'observation.state'
export const actionKey = 'action'
/** What was executed, noise included. Its name begins with neither `action` nor `observation`: no policy takes it for one. */
export const executedActionKey = 'executed_action'
export const indexKeys = ['timestamp', 'frame_index', 'episode_index', 'index', 'task_index'] as const

interface InfoFeature {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly names: readonly string[] | null
}

/** `features` of `meta/info.json`. */
export function infoFeatures(shape: RecordingShape): Record<string, InfoFeature> {
  const vector = (names: readonly string[]): InfoFeature => ({ dtype: 'float32', shape: [names.length], names })
  const features: Record<string, InfoFeature> = {
    [stateKey]: vector(shape.stateNames),
    [actionKey]: vector(shape.actionNames),
    [executedActionKey]: vector(shape.actionNames),
  }
  for (const camera of shape.cameras) features[imageKey(camera)] = { dtype: 'image', shape: [shape.sizePx, shape.sizePx, 3], names: ['height', 'width', 'channels'] }
  for (const key of indexKeys) features[key] = { dtype: key === 'timestamp' ? 'float32' : 'int64', shape: [1], names: null }
  return features
}

/** Value of the parquet key `huggingface`: with it the `datasets` library decodes pictures and fixed lists by itself. */
export function huggingFaceMetadata(shape: RecordingShape): string {
  const features: Record<string, unknown> = {}
  for (const [key, { dtype, shape: extents }] of Object.entries(infoFeatures(shape))) {
    if (dtype === 'image') features[key] = { _type: 'Image' }
    else if (extents[0] === 1) features[key] = { dtype, _type: 'Value' }
    else features[key] = { feature: { dtype, _type: 'Value' }, length: extents[0], _type: 'Sequence' }
  }
  return JSON.stringify({ info: { features } })
}
