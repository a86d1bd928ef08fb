import { expect, it } from 'vitest'
import { wrapped, wrappedCommand } from '../../../electron/commands/wrap.ts'

it('breaks at spaces and hangs under the last column', () => {
  expect(wrapped('memory     399 MB  program 299 MB, data 17 MB', 36)).toBe('memory     399 MB  program 299 MB,\n           data 17 MB'.replace('           data', `${' '.repeat(11)}data`))
  expect(wrapped('  no    cuda\n          No GPU is visible here', 24)).toBe('  no    cuda\n          No GPU is\n          visible here')
  expect(wrapped('Exit codes: 0 done, 2 wrong', 16)).toBe('Exit codes: 0\ndone, 2 wrong')
})

it('cuts the rule under the header of a table', () => {
  expect(wrapped(`----  ${'-'.repeat(50)}`, 20)).toBe(`----  ${'-'.repeat(14)}`)
})

it('leaves alone what fits, what has no end and words that are longer than a line', () => {
  const text = 'short\n\n  also short'
  expect(wrapped(text, 20)).toBe(text)
  expect(wrapped('a b c '.repeat(100), Infinity)).toBe('a b c '.repeat(100))
  expect(wrapped('see /a/very/long/path/without/spaces and more', 20)).toBe('see\n/a/very/long/path/without/spaces\nand more')
})

it.each([1, 2, 7, 20, 79])('loses no word at a width of %d', (width) => {
  const text = 'task                policy  success  a b  long-word-here and   some  gaps ' + 'x '.repeat(30)
  expect(wrapped(text, width).split(/\s+/).filter(Boolean)).toEqual(text.split(/\s+/).filter(Boolean))
})

it('continues a command as a shell does', () => {
  expect(wrappedCommand('kinora train --preset nano --dataset demo --set steps=5', 40)).toBe('kinora train --preset nano \\\n    --dataset demo --set steps=5')
  expect(wrappedCommand('kinora doctor --json', 40)).toBe('kinora doctor --json')
})
