// Variables in a Dockerfile's instructions: `$x`, `${x:-otherwise}`, `${x#pattern}`, `${x/pattern/by}`, quotes.
import { replacePattern, trimPattern } from './pattern.ts'

/** Values by name. */
export type Variables = Pick<ReadonlyMap<string, string>, 'get'>

/** Characters that a value may have: ARGs that double one another must end somewhere. */
const LONGEST = 65_536
/** Of a value and of a pattern that are matched, which costs up to the square of one times the other. */
const LONGEST_MATCHED = 200
const LONGEST_PATTERN = 50
const DEEPEST = 20

/**
 * As Docker's reference describes "Environment replacement". A variable without a value is empty.
 * @param escapeChar of the `# escape=` directive
 * @throws SyntaxError saying what is wrong
 */
export function substitute(text: string, variables: Variables, escapeChar = '\\'): string {
  const reader = new Reader(text, variables, escapeChar)
  return reader.read('', 0)
}

class Reader {
  #at = 0
  readonly #text: string
  readonly #variables: Variables
  readonly #escape: string

  constructor(text: string, variables: Variables, escapeChar: string) {
    this.#text = text
    this.#variables = variables
    this.#escape = escapeChar
  }

  /** Reads up to `stop`, which it takes. @param raw escapes stay, for a pattern */
  read(stop: string, depth: number, raw = false): string {
    if (depth > DEEPEST) throw new SyntaxError('variables are nested too deep')
    let result = ''
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at++] ?? ''
      if (char === stop) return result
      if (char === "'") result += this.#single()
      else if (char === '"') result += this.#double(depth, raw)
      else if (char === '$') result += this.#variable(depth)
      else if (char === this.#escape) result += (raw ? char : '') + (this.#text[this.#at++] ?? '')
      else result += char
      if (result.length > LONGEST) throw new SyntaxError(`a value has more than ${LONGEST} characters`)
    }
    if (stop !== '') throw new SyntaxError(`${stop} is missing`)
    return result
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at)
    if (end === -1) throw new SyntaxError("a ' does not close")
    const quoted = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return quoted
  }

  #double(depth: number, raw: boolean): string {
    let result = ''
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at++] ?? ''
      if (char === '"') return result
      if (char === '$') result += this.#variable(depth)
      else if (char === this.#escape) {
        const next = this.#text[this.#at] ?? ''
        const escapes = next === '"' || next === '$' || next === this.#escape
        if (escapes) this.#at++
        result += (raw || !escapes ? char : '') + (escapes ? next : '')
      } else result += char
    }
    throw new SyntaxError('a " does not close')
  }

  #variable(depth: number): string {
    if (this.#text[this.#at] !== '{') {
      const name = this.#name()
      return name === '' ? '$' : (this.#variables.get(name) ?? '')
    }
    this.#at++
    const name = this.#name()
    if (name === '') throw new SyntaxError('${ needs a name')
    const value = this.#variables.get(name)
    const operator = this.#text[this.#at++]
    if (operator === '}') return value ?? ''
    if (operator === '/') return this.#replace(value ?? '', depth)
    if (operator === '#' || operator === '%') return this.#trim(value ?? '', operator, depth)
    return this.#choose(name, value, operator ?? '', depth)
  }

  #name(): string {
    const [name = ''] =
      /^(?:[A-Za-z_]\w*|\d+|[@*#?$!-])/.exec(this.#text.slice(this.#at, this.#at + 256)) ?? []
    this.#at += name.length
    return name
  }

  /** `:-`, `-`, `:+`, `+`, `:?`, `?`; with a colon an empty value counts as none. */
  #choose(name: string, value: string | undefined, first: string, depth: number): string {
    const operator = first === ':' ? (this.#text[this.#at++] ?? '') : first
    if (!'-+?'.includes(operator) || operator === '')
      throw new SyntaxError(`\${${name}… has an unknown modifier ${JSON.stringify(first)}`)
    const word = this.read('}', depth + 1)
    const there = first === ':' ? value !== undefined && value !== '' : value !== undefined
    if (operator === '+') return there ? word : ''
    if (there) return value ?? ''
    if (operator === '?') throw new SyntaxError(`${name}: ${word === '' ? 'it needs a value' : word}`)
    return word
  }

  #trim(value: string, operator: '#' | '%', depth: number): string {
    const longest = this.#text[this.#at] === operator
    if (longest) this.#at++
    const pattern = this.read('}', depth + 1, true)
    return trimPattern(pattern, matchable(value, pattern), operator === '#' ? 'start' : 'end', longest)
  }

  #replace(value: string, depth: number): string {
    const all = this.#text[this.#at] === '/'
    if (all) this.#at++
    const pattern = this.read('/', depth + 1, true)
    const by = this.read('}', depth + 1, true)
    return replacePattern(pattern, matchable(value, pattern), by, all)
  }
}

function matchable(value: string, pattern: string): string {
  if (value.length > LONGEST_MATCHED || pattern.length > LONGEST_PATTERN)
    throw new SyntaxError('a value or a pattern is too long to be matched')
  return value
}
