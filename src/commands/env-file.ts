// Environment files: what config:export writes, .env files, docker's --env-file. Pure.
import { parseConfigKey } from '../core/app.ts'
import { failure } from '../core/errors.ts'

// each is tried at one place of the text (flag y)
const NOTHING = /[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/y
const NAME = /[ \t]*(?:export[ \t]+)?([^=\n]*)=/y
const SINGLE = /'([^']*)'/y
const DOUBLE = /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y
const ESCAPED = /\\([^\n])/y
const BARE = /[^\s'"\\]+/y
const REST = /[^\n]*/y

const escapes = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['\n', ''],
])

const dotenvUnescaped = (text: string) =>
  text.replace(
    /\\([\s\S])/g,
    (whole, char: string) => escapes.get(char) ?? (/["\\$`]/.test(char) ? char : whole),
  )

/** A place in a text, moved on by what is recognised there. */
class Cursor {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get ended(): boolean {
    return this.#at >= this.#text.length
  }

  get next(): string {
    return this.#text.charAt(this.#at)
  }

  /** What the pattern matches here: its first group, or all of it. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found) this.#at = pattern.lastIndex
    return found ? (found[1] ?? found[0]) : undefined
  }

  problem(problem: string) {
    return failure('value-invalid', {
      what: 'environment file,',
      value: `line ${this.#text.slice(0, this.#at).split('\n').length}: ${problem}`,
      rule: 'a line is KEY=value, KEY="value" or KEY=\'value\'; a value in quotes may go over lines; # begins a comment line',
    })
  }
}

/** Pieces in quotes and without, joined into one word as a shell does. */
function quotedValue(cursor: Cursor): string {
  let value = ''
  for (;;) {
    const double = cursor.take(DOUBLE)
    const piece =
      double === undefined
        ? (cursor.take(SINGLE) ?? cursor.take(ESCAPED) ?? cursor.take(BARE))
        : dotenvUnescaped(double)
    if (piece === undefined) break
    value += piece
  }
  const after = cursor.next
  if (cursor.take(NOTHING) === undefined)
    throw cursor.problem(/['"]/.test(after) ? 'a quote is not closed' : 'there is text after the value')
  return value
}

/**
 * Reads `KEY=value` lines, with or without `export`. A value that begins with a quote is read as a shell
 * would, with dotenv's `\n`, `\r` and `\t` in double quotes; any other one as it stands to the end of its line.
 * @throws value-invalid naming the line
 */
export function parseEnvFile(text: string): Record<string, string> {
  const values = new Map<string, string>()
  const cursor = new Cursor(text)
  while (!cursor.ended) {
    if (cursor.take(NOTHING) !== undefined) continue
    const name = cursor.take(NAME)
    if (name === undefined) throw cursor.problem('there is no "="')
    const key = parseConfigKey(name.trim())
    values.set(key, /['"]/.test(cursor.next) ? quotedValue(cursor) : (cursor.take(REST) ?? '').trim())
  }
  return Object.fromEntries(values)
}
