import { KinoraError } from '../../../contract/errors.ts'
import type { ColumnValues } from '../../../formats/parquet.ts'

/** A vector column as a row-major float32 matrix. Rows may be lists, typed arrays or, for one dimension, plain numbers. */
export function toMatrix(values: ColumnValues, dimension: number, what: string): Float32Array {
  const matrix = new Float32Array(values.length * dimension)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    if (dimension === 1 && (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')) {
      matrix[row] = Number(value)
      continue
    }
    if (!(Array.isArray(value) || ArrayBuffer.isView(value)) || (value as ArrayLike<unknown>).length !== dimension) {
      const length = Array.isArray(value) ? `${value.length} values` : String(value)
      throw new KinoraError('dataset-invalid', `Frame ${row} of ${what} has ${length}, expected ${dimension}.`, 'Correct the shape in meta/info.json, or write the dataset again.')
    }
    const list = value as ArrayLike<unknown>
    for (let column = 0; column < dimension; column++) matrix[row * dimension + column] = list[column] === null ? NaN : Number(list[column])
  }
  return matrix
}

/** A vector column of whole numbers, row-major. @throws KinoraError `dataset-invalid`. */
export function toIntegerMatrix(values: ColumnValues, dimension: number, what: string): BigInt64Array {
  const matrix = new BigInt64Array(values.length * dimension)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    const list: ArrayLike<unknown> = Array.isArray(value) || ArrayBuffer.isView(value) ? (value as unknown as ArrayLike<unknown>) : [value]
    for (let column = 0; column < dimension; column++) {
      const number = list[column]
      if (list.length !== dimension || !(typeof number === 'bigint' || Number.isSafeInteger(number))) {
        throw new KinoraError('dataset-invalid', `Frame ${row} of ${what} has ${String(value)}, expected ${dimension} whole numbers.`, 'Correct the dtype in meta/info.json, or write the dataset again.')
      }
      matrix[row * dimension + column] = BigInt(number as bigint | number)
    }
  }
  return matrix
}

export function toNumbers(values: ColumnValues): Float64Array {
  return Float64Array.from({ length: values.length }, (_, row) => (values[row] === null || values[row] === undefined ? NaN : Number(values[row])))
}

/** A column of whole numbers. @throws KinoraError `dataset-invalid`. */
export function toIntegers(values: ColumnValues, what: string): number[] {
  return Array.from(values, (value, row) => {
    const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : NaN
    if (!Number.isSafeInteger(number) || number < 0) throw new KinoraError('dataset-invalid', `Row ${row} of ${what} is ${String(value)}, expected a whole number.`, 'The file was changed: copy it again from its source.')
    return number
  })
}
