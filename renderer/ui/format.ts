/** Numbers as a reader wants them, with the sign for minus, in exponents too. Nothing here knows the DOM. An absent value is an en dash, never 0. */
export const absent = '–'

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? absent : whole.format(value)
}

const withMinus = (digits: string): string => digits.replaceAll('-', '−')

/** A measured value in four significant digits; very small and large ones in powers of ten; NaN and infinities by name. */
export function formatValue(value: number | null | undefined): string {
  if (value === null || value === undefined) return absent
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  if (value === 0) return '0'
  const size = Math.abs(value)
  const digits = size >= 1e6 || size < 1e-3 ? value.toExponential(2).replace('e+', 'e') : size >= 1000 ? whole.format(value) : String(Number(value.toPrecision(4)))
  return withMinus(digits)
}

/** A run's last value of a metric: absent where it has none, `NaN` where the host says null, which stands for no finite number. */
export function formatMetric(value: number | null | undefined): string {
  return value === null ? 'NaN' : formatValue(value)
}

/** Axis labels: 2k, 1.5M. */
export function formatTick(value: number): string {
  const size = Math.abs(value)
  const [divisor, unit] = size >= 1e6 ? [1e6, 'M'] : size >= 1e3 ? [1e3, 'k'] : [1, '']
  return withMinus(size !== 0 && size < 1e-3 ? value.toExponential(0) : `${Number((value / divisor).toPrecision(4))}${unit}`)
}

/** `45 s`, `5 min 16 s`, `2 h 03 min`, `3 d 4 h`. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return absent
  const total = Math.round(seconds)
  if (total < 60) return `${total} s`
  const minutes = Math.floor(total / 60)
  if (minutes < 60) return `${minutes} min ${String(total % 60).padStart(2, '0')} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Decimal units, as disks are sold. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return absent
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? whole.format(value) : value >= 100 ? whole.format(value) : value.toFixed(1)} ${units[unit]}`
}

export function formatRate(stepsPerSecond: number | null | undefined): string {
  if (stepsPerSecond === null || stepsPerSecond === undefined || !Number.isFinite(stepsPerSecond)) return absent
  return stepsPerSecond >= 1 || stepsPerSecond === 0 ? `${Number(stepsPerSecond.toPrecision(3))} steps/s` : `${Number((1 / stepsPerSecond).toPrecision(3))} s/step`
}

/** A share in whole percent. */
export function formatPercent(share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share) ? absent : `${Math.round(share * 100)} %`
}

/** Parameters: 1.05 M. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toPrecision(3))} B`
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))} M`
  if (count >= 1e3) return `${Number((count / 1e3).toPrecision(3))} k`
  return String(count)
}

/** A moment as local date and time to the minute; without its year where that is `knownYear`. */
export function formatMoment(millis: number, knownYear?: number): string {
  const date = new Date(millis)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear() === knownYear ? '' : `${date.getFullYear()}-`}${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** How long ago, coarse. */
export function formatAgo(millis: number, now: number): string {
  const seconds = Math.max(0, (now - millis) / 1000)
  if (seconds < 60) return 'just now'
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86400)} d ago`
}
