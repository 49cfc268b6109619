// Characters of a script: blanks, operators, words with their quotes and `$`.
import type { Command, Part, Word } from './syntax.ts'

/** What comes of reading a script that never ends in itself. */
export class TooDeep extends Error {}

const DEEPEST = 60
const NAME = /[A-Za-z_]\w*|[0-9@*#?$!-]/y
const OPERATOR = /&&|\|\||;;&|;;|;&|\|&|[;&|()\n]/y
const REDIRECT = /\d*(?:<<<|<<-?|<>|<&|>>|>&|>\||&>>|&>|<|>)/y
const PLAIN = /[^\s'"\\$`;&|()<>]+/y
const PLAIN_QUOTED = /[^"\\$`]+/y

/** Reads a script from left to right, once. */
export class Scanner {
  readonly text: string
  at = 0
  #depth = 0
  readonly #parse: (scanner: Scanner, end: string) => Command
  readonly #heredocs: { name: string; chomp: boolean; input: { text: string } }[] = []

  /** @param parse reads the commands of a `$(…)` */
  constructor(text: string, parse: (scanner: Scanner, end: string) => Command) {
    this.text = text
    this.#parse = parse
  }

  /** Goes one level down. @throws TooDeep */
  nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) throw new TooDeep()
    try {
      return read()
    } finally {
      this.#depth--
    }
  }

  get ended(): boolean {
    return this.at >= this.text.length
  }

  skipBlanks(): void {
    for (;;) {
      const char = this.text[this.at]
      if (char === ' ' || char === '\t' || char === '\r') this.at++
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2
      else if (char === '#') {
        const newline = this.text.indexOf('\n', this.at)
        this.at = newline === -1 ? this.text.length : newline
      } else return
    }
  }

  /** Takes an operator. A newline brings the heredocs that wait for it. */
  operator(): string | undefined {
    this.skipBlanks()
    const found = this.#match(OPERATOR)
    if (found === '\n') this.#readHeredocs()
    return found
  }

  peekOperator(): string | undefined {
    this.skipBlanks()
    OPERATOR.lastIndex = this.at
    return OPERATOR.exec(this.text)?.[0]
  }

  redirect(): string | undefined {
    this.skipBlanks()
    return this.#match(REDIRECT)
  }

  /** Has the text of a heredoc read at the end of the line. */
  expectHeredoc(name: string, chomp: boolean): { text: string } {
    const input = { text: '' }
    this.#heredocs.push({ name, chomp, input })
    return input
  }

  /** @returns undefined where no word begins */
  word(): Word | undefined {
    this.skipBlanks()
    const start = this.at
    const parts: Part[] = []
    while (!this.ended) {
      const char = this.text[this.at] ?? ''
      if (/[\s;&|()<>]/.test(char)) break
      parts.push(...this.#part(char))
    }
    return this.at === start ? undefined : { parts, at: start }
  }

  #part(char: string): Part[] {
    if (char === "'") return [{ kind: 'text', text: this.#until("'"), quoted: true }]
    if (char === '"') {
      this.at++
      // an empty text keeps an empty word a word
      return [{ kind: 'text', text: '', quoted: true }, ...this.#quoted('"')]
    }
    if (char === '\\') {
      this.at += 2
      const text = this.text[this.at - 1] ?? ''
      return text === '\n' ? [] : [{ kind: 'text', text, quoted: true }]
    }
    if (char === '$') return [this.#dollar(false)]
    if (char === '`') return [this.#backquoted(false)]
    const text = this.#match(PLAIN)
    if (text === undefined) this.at++
    return [{ kind: 'text', text: text ?? char, quoted: false }]
  }

  #until(quote: string): string {
    const end = this.text.indexOf(quote, this.at + 1)
    const text = this.text.slice(this.at + 1, end === -1 ? undefined : end)
    this.at = end === -1 ? this.text.length : end + 1
    return text
  }

  /** Parts up to a closing `"`, or up to the `}` of a variable. */
  #quoted(stop: '"' | '}'): Part[] {
    const parts: Part[] = []
    while (!this.ended) {
      const char = this.text[this.at] ?? ''
      if (char === stop) {
        this.at++
        break
      }
      if (char === '$') parts.push(this.#dollar(stop === '"'))
      else if (char === '`') parts.push(this.#backquoted(stop === '"'))
      else if (char === '\\') {
        const next = this.text[this.at + 1] ?? ''
        this.at += 2
        if (next !== '\n') {
          const kept = stop === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next
          parts.push({ kind: 'text', text: kept, quoted: true })
        }
      } else if (stop === '}' && char === "'")
        parts.push({ kind: 'text', text: this.#until("'"), quoted: true })
      else if (stop === '}' && char === '"') {
        this.at++
        parts.push(...this.nested(() => this.#quoted('"')))
      } else if (stop === '}') {
        this.at++
        parts.push({ kind: 'text', text: char, quoted: false })
      } else parts.push({ kind: 'text', text: this.#match(PLAIN_QUOTED) ?? '', quoted: true })
    }
    return parts
  }

  #dollar(quoted: boolean): Part {
    this.at++
    const char = this.text[this.at]
    if (char === '(' && this.text[this.at + 1] === '(') return this.#arithmetic()
    if (char === '(') {
      this.at++
      const body = this.nested(() => this.#parse(this, ')'))
      return { kind: 'command', body, quoted }
    }
    if (char === '{') return this.nested(() => this.#braced(quoted))
    const name = this.#match(NAME)
    if (name === undefined) return { kind: 'text', text: '$', quoted }
    return { kind: 'variable', name, operator: '', word: undefined, quoted }
  }

  #braced(quoted: boolean): Part {
    this.at++
    if (this.text[this.at] === '#' && /\w/.test(this.text[this.at + 1] ?? '')) {
      this.#until('}')
      return { kind: 'unknown' }
    }
    const name = this.#match(NAME) ?? ''
    const operator = this.#match(/:?[-+=?]|##?|%%?|\/\/?|[:^,@[]/y) ?? ''
    const at = this.at
    const parts = this.#quoted('}')
    if (name === '') return { kind: 'unknown' }
    return { kind: 'variable', name, operator, word: operator === '' ? undefined : { parts, at }, quoted }
  }

  #arithmetic(): Part {
    const end = this.text.indexOf('))', this.at)
    this.at = end === -1 ? this.text.length : end + 2
    return { kind: 'unknown' }
  }

  #backquoted(quoted: boolean): Part {
    const script = this.#until('`')
    const inner = new Scanner(script, this.#parse)
    inner.#depth = this.#depth
    const body = inner.nested(() => this.#parse(inner, ''))
    return { kind: 'command', body, quoted }
  }

  #readHeredocs(): void {
    for (const { name, chomp, input } of this.#heredocs.splice(0)) {
      const lines: string[] = []
      while (!this.ended) {
        const newline = this.text.indexOf('\n', this.at)
        const end = newline === -1 ? this.text.length : newline
        const line = this.text.slice(this.at, end)
        this.at = Math.min(end + 1, this.text.length)
        if ((chomp ? line.replace(/^\t+/, '') : line) === name) break
        lines.push(line)
      }
      input.text = lines.join('\n')
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }
}
