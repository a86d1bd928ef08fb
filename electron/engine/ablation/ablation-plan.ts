import { expandAblation } from '../../contract/ablation-arms.ts'
import type { AblationArm, AblationSpec } from '../../contract/ablation.ts'
import { ablationEvaluationSchema, ablationSpecSchema } from '../../contract/ablation.ts'
import { configIssues } from '../../contract/config-issues.ts'
import type { TrainConfig } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'
import { mergeConfig, type RawConfig } from '../../contract/raw-config.ts'
import { findPreset } from '../../model/presets.ts'
import { parseTrainConfig } from '../runs/train-config.ts'

/** One run of an ablation: an arm trained with a seed. */
export interface PlannedCell {
  readonly arm: number
  readonly seed: number
  readonly config: TrainConfig
}

export interface AblationPlan {
  readonly arms: readonly AblationArm[]
  /** All arms with the first seed, then with the next: an ablation that is cut short has whole comparisons. */
  readonly cells: readonly PlannedCell[]
}

function fieldsOf(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return Object.keys(ablationSpecSchema.shape)
  return path[0] === 'evaluation' ? Object.keys(ablationEvaluationSchema.shape) : []
}

/** @throws KinoraError `config-invalid`, naming every field that is wrong */
export function parseAblation(value: unknown, source = 'The ablation'): AblationSpec {
  const parsed = ablationSpecSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new KinoraError('config-invalid', `${source} is not valid: ${configIssues(parsed.error, value, fieldsOf).join('; ')}.`, 'An ablation has name, base (with data.dataset), factors and, if wanted, preset, design, seeds and evaluation; see "kinora ablate --help".')
}

/**
 * Every run of an ablation with its whole configuration, checked before the first begins.
 * @throws KinoraError `config-invalid`, naming the arm
 */
export function planAblation(spec: AblationSpec): AblationPlan {
  const preset: RawConfig = spec.preset === null ? {} : (findPreset(spec.preset).config as RawConfig)
  const { arms, runs, repeated } = expandAblation(spec, mergeConfig(preset, spec.base))
  if (repeated !== null) throw new KinoraError('config-invalid', `The ablation has "${repeated}" twice.`, 'Name every level and every seed once, and let one factor alone change a field.')
  return { arms, cells: runs.map(({ arm, seed, config }) => ({ arm, seed, config: parseTrainConfig(config, `The arm "${arms[arm]!.label}"`) })) }
}
