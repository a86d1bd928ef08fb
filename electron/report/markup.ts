/** A piece of HTML or SVG that is already safe. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

export type Content = Markup | string | number | null | undefined | false | readonly Content[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

function place(content: Content): string {
  if (content === null || content === undefined || content === false) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'object') return content.map(place).join('')
  return escape(String(content))
}

/** Template tag: whatever is placed in it is escaped, unless it is Markup or a list of such. */
export function html(strings: TemplateStringsArray, ...contents: Content[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + place(contents[index - 1]) + string))
}

/** Text that must not be escaped: our own style sheet. */
export function raw(text: string): Markup {
  return new Markup(text)
}
