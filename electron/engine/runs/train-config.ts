import { z } from 'zod'
import { configIssues } from '../../contract/config-issues.ts'
import { trainConfigSchema, type TrainConfig } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'

/**
 * The complete configuration of a run from what a user or a file gave.
 * @throws KinoraError `config-invalid`, naming every field that is wrong and what was expected there.
 */
export function parseTrainConfig(value: unknown, source = 'The configuration'): TrainConfig {
  const parsed = trainConfigSchema.safeParse(value)
  if (!parsed.success) {
    throw new KinoraError('config-invalid', `${source} is not valid: ${configIssues(parsed.error, value).join('; ')}.`, 'Correct these fields; a field that is left out takes its default.')
  }
  return parsed.data
}

/** JSON Schema of the configuration, for editors and `--help`. */
export function trainConfigJsonSchema(): unknown {
  return z.toJSONSchema(trainConfigSchema, { io: 'input' })
}
