import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanInstruction, Tokenizer } from '../../../electron/model/tokenizer.ts'

const instructions = ['press the button', 'put the red block on the plate', 'open the top drawer']

describe('Tokenizer', () => {
  it('makes every word of its training text one token when the vocabulary is large enough', () => {
    const tokenizer = Tokenizer.train(instructions, 512)
    expect(tokenizer.tokenize('put the red block on the plate')).toHaveLength(8)
    expect(tokenizer.tokenize('press the button')[0]).toBe(1)
    const the = tokenizer.tokenize('the')[1]
    expect(tokenizer.tokenize('open the top drawer')[2]).toBe(the)
  })

  it('never uses more ids than asked for', () => {
    const tokenizer = Tokenizer.train(instructions, 265)
    expect(tokenizer.size).toBeLessThanOrEqual(265)
    expect(Math.max(...instructions.flatMap((text) => tokenizer.tokenize(text)))).toBeLessThan(265)
  })

  it('does not depend on anything but its texts, and survives being stored', () => {
    const first = Tokenizer.train(instructions, 300)
    const restored = new Tokenizer(JSON.parse(JSON.stringify(first.state)))
    expect(restored.state).toEqual(Tokenizer.train([...instructions], 300).state)
    for (const text of instructions) expect(restored.tokenize(text)).toEqual(first.tokenize(text))
  })

  it('encodes any text in any script and gives it back cleaned', () => {
    const tokenizer = Tokenizer.train(instructions, 400)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokenizer.decode(tokenizer.tokenize(text))).toBe(new TextDecoder().decode(new TextEncoder().encode(cleanInstruction(text))).trim())
      }),
      { numRuns: 200, seed: 7 },
    )
    expect(tokenizer.tokenize('')).toEqual([1])
  })

  it('pads, masks, and counts what it cuts off', () => {
    const tokenizer = Tokenizer.train(instructions, 512)
    const short = tokenizer.encode('press the button', 6)
    expect([...short.mask]).toEqual([1, 1, 1, 1, 0, 0])
    expect([...short.ids.slice(4)]).toEqual([0, 0])
    expect(short.cut).toBe(0)
    const long = tokenizer.encode('put the red block on the plate', 6)
    expect(long.cut).toBe(2)
    expect([...long.mask]).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('cleans as openpi does: underscores and line breaks are spaces', () => {
    expect(cleanInstruction('  Open_the\n top  DRAWER ')).toBe('open the top drawer')
  })

  it('refuses a stored state that is not its own', () => {
    expect(() => new Tokenizer({ kind: 'sentence-piece' } as never)).toThrow(/not one of Kinora/)
  })
})
