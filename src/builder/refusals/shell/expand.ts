// Words of a script with the values of variables in them.
import { matchesPattern, replacePattern, trimPattern } from '../../dockerfile/pattern.ts'
import type { Command, Part, Word } from './syntax.ts'
import { concat, EMPTY, HOLE, isKnown, known, UNKNOWN, unknown, type Value } from './value.ts'

export interface Scope {
  /** UNKNOWN for what nobody has set: the base image may have. */
  readonly get: (name: string) => Value
  readonly set: (name: string, value: Value) => void
  /** What a `$(…)` prints. */
  readonly output: (body: Command) => Value
}

/** Patterns are matched with short texts only; longer ones are holes. */
const LONGEST_MATCHED = 200
const LONGEST_PATTERN = 50
const MOST_FIELDS = 200

/** One value, whatever blanks are in it. */
export const expandWord = (word: Word, scope: Scope): Value =>
  concat(word.parts.map((part) => expandPart(part, scope)))

/** The fields that words become: what is not quoted falls apart at blanks, or to nothing. */
export function expandFields(words: readonly Word[], scope: Scope): Value[] {
  const fields: Value[] = []
  for (const word of words) {
    const splits = word.parts.some(
      (part) => (part.kind === 'variable' || part.kind === 'command') && !part.quoted,
    )
    const value = expandWord(word, scope)
    if (!splits) fields.push(value)
    else for (const text of value.text.match(/\S+/g) ?? []) fields.push({ ...value, text })
    if (splits && value.missing !== undefined) fields.push(value)
  }
  return fields.slice(0, MOST_FIELDS)
}

/** A pattern of a `case`: quoted characters stand for themselves. @returns undefined where it has holes */
export function expandPattern(word: Word, scope: Scope): string | undefined {
  let pattern = ''
  for (const part of word.parts) {
    const { text } = expandPart(part, scope)
    if (text.includes(HOLE)) return undefined
    const quoted = part.kind !== 'unknown' && part.quoted
    pattern += quoted ? text.replace(/[\\*?[\]]/g, '\\$&') : text
  }
  return pattern
}

/** Whether a value matches: undefined where its holes leave it open. */
export function matches(value: Value, pattern: string | undefined): boolean | undefined {
  if (pattern === '*') return true
  if (pattern === undefined || value.text.length > LONGEST_MATCHED) return undefined
  if (isKnown(value)) return matchesPattern(pattern, value.text)
  if (/[*?[\\]/.test(pattern)) return undefined
  const holes = value.text.replace(/[\\*?[\]]/g, '\\$&').replaceAll(HOLE, '*')
  return matchesPattern(holes, pattern) ? undefined : false
}

function expandPart(part: Part, scope: Scope): Value {
  switch (part.kind) {
    case 'text':
      return part.text === '' ? EMPTY : known(part.text)
    case 'command':
      return scope.output(part.body)
    case 'variable':
      return expandVariable(part, scope)
    default:
      return UNKNOWN
  }
}

function expandVariable(part: Extract<Part, { kind: 'variable' }>, scope: Scope): Value {
  const { name, operator, word } = part
  const value = scope.get(name)
  if (operator === '' || !word) return value
  const open = !isKnown(value)
  switch (operator) {
    case ':-':
    case '-':
    case ':=':
    case '=': {
      const otherwise = expandWord(word, scope)
      if (value.text === '' && operator.startsWith(':')) return otherwise
      // a hole may be empty or not set; what the script says itself is the better guess for neither
      return open ? unknown(value.arch || otherwise.arch) : value
    }
    case ':+':
    case '+':
      if (value.text === '' && operator === ':+') return { ...value, text: '' }
      return open ? unknown(value.arch) : expandWord(word, scope)
    case '#':
    case '##':
    case '%':
    case '%%': {
      const pattern = expandPattern(word, scope)
      if (open || !short(value.text, pattern)) return unknown(value.arch)
      const end = operator.startsWith('#') ? 'start' : 'end'
      return { ...value, text: trimPattern(pattern, value.text, end, operator.length === 2) }
    }
    case '/':
    case '//':
      return replace(value, word, operator === '//', scope)
    default:
      return operator === ':?' || operator === '?' ? value : unknown(value.arch)
  }
}

function replace(value: Value, word: Word, all: boolean, scope: Scope): Value {
  const { text, arch } = expandWord(word, scope)
  const slash = text.indexOf('/')
  const pattern = slash === -1 ? text : text.slice(0, slash)
  const by = slash === -1 ? '' : text.slice(slash + 1)
  if (!isKnown(value) || text.includes(HOLE) || !short(value.text, pattern))
    return unknown(value.arch || arch)
  return { ...value, text: replacePattern(pattern, value.text, by, all) }
}

const short = (text: string, pattern: string | undefined): pattern is string =>
  pattern !== undefined && text.length <= LONGEST_MATCHED && pattern.length <= LONGEST_PATTERN
