export const whole = new Intl.NumberFormat('en-US')
export const plural = (count: number, one: string, many = `${one}s`) => `${whole.format(count)} ${count === 1 ? one : many}`
