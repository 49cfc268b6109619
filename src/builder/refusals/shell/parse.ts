// A shell script as a tree. Tolerant: what it does not understand it steps over, for the shell will judge it.
import { Scanner, TooDeep } from './scanner.ts'
import {
  type Arm,
  type Assignment,
  type Command,
  type Link,
  literalOf,
  NOTHING,
  type Word,
} from './syntax.ts'

/** Reads a script. One that is nested deeper than any hand would write is read as nothing. */
export function parseScript(script: string): Command {
  try {
    return readList(new Scanner(script, readList), '')
  } catch (error) {
    if (error instanceof TooDeep) return NOTHING
    throw error
  }
}

const ENDS = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}'])

/** Commands up to `end`, which it takes, or up to a word or an operator that only ends something. */
function readList(scanner: Scanner, end: string): Command {
  const items: Command[] = []
  while (!scanner.ended) {
    const operator = scanner.peekOperator()
    if (operator === ')' && end === ')') {
      scanner.operator()
      break
    }
    if (operator === ';;' || operator === ';&' || operator === ';;&') {
      if (end === ';;') break
      scanner.operator()
    } else if (operator === '(') {
      const item = readAndOr(scanner)
      if (item) items.push(item)
    } else if (operator !== undefined) {
      scanner.operator()
    } else {
      if (ENDS.has(peekWord(scanner))) break
      const before = scanner.at
      const item = readAndOr(scanner)
      if (item) items.push(item)
      if (scanner.at === before) scanner.at++
    }
  }
  const [only] = items
  return items.length === 1 && only ? only : { kind: 'list', items }
}

function readAndOr(scanner: Scanner): Command | undefined {
  const first = readPipe(scanner)
  const rest: Link[] = []
  while (first) {
    const operator = scanner.peekOperator()
    if (operator !== '&&' && operator !== '||') break
    scanner.operator()
    skipNewlines(scanner)
    const command = readPipe(scanner)
    if (!command) break
    rest.push({ operator, command })
  }
  return first && rest.length > 0 ? { kind: 'chain', first, rest } : first
}

function readPipe(scanner: Scanner): Command | undefined {
  let negated = false
  while (peekWord(scanner) === '!') {
    takeWord(scanner, '!')
    negated = !negated
  }
  const commands: Command[] = []
  for (;;) {
    const command = scanner.nested(() => readCommand(scanner))
    if (command) commands.push(command)
    const operator = scanner.peekOperator()
    if (!command || (operator !== '|' && operator !== '|&')) break
    scanner.operator()
    skipNewlines(scanner)
  }
  const [only] = commands
  if (!only) return undefined
  const pipe: Command = commands.length === 1 ? only : { kind: 'pipe', commands }
  return negated ? { kind: 'not', body: pipe } : pipe
}

function readCommand(scanner: Scanner): Command | undefined {
  const at = scanner.at
  if (scanner.peekOperator() === '(') {
    scanner.operator()
    return { kind: 'subshell', body: readList(scanner, ')'), ...redirections(scanner) }
  }
  switch (peekWord(scanner)) {
    case '{': {
      takeWord(scanner, '{')
      const body = readList(scanner, '}')
      takeWord(scanner, '}')
      redirections(scanner)
      return body
    }
    case 'if':
      takeWord(scanner, 'if')
      return readIf(scanner, at)
    case 'case':
      takeWord(scanner, 'case')
      return readCase(scanner, at)
    case 'for':
      takeWord(scanner, 'for')
      return readFor(scanner)
    case 'while':
    case 'until': {
      const until = peekWord(scanner) === 'until'
      takeWord(scanner, until ? 'until' : 'while')
      const test = readList(scanner, '')
      return { kind: 'while', test, until, body: readLoopBody(scanner) }
    }
    case 'function': {
      takeWord(scanner, 'function')
      const name = scanner.word()
      return readFunction(scanner, name ? literalOf(name) : '')
    }
    default:
      return readSimple(scanner)
  }
}

function readIf(scanner: Scanner, at: number): Command {
  const test = readList(scanner, '')
  takeWord(scanner, 'then')
  const body = readList(scanner, '')
  let otherwise = NOTHING
  if (takeWord(scanner, 'elif')) otherwise = scanner.nested(() => readIf(scanner, at))
  else if (takeWord(scanner, 'else')) {
    otherwise = readList(scanner, '')
    takeWord(scanner, 'fi')
  } else takeWord(scanner, 'fi')
  redirections(scanner)
  return { kind: 'if', test, body, otherwise, at }
}

function readCase(scanner: Scanner, at: number): Command {
  const word = scanner.word() ?? { parts: [], at }
  const arms: Arm[] = []
  skipNewlines(scanner)
  takeWord(scanner, 'in')
  for (;;) {
    skipNewlines(scanner)
    if (scanner.ended || takeWord(scanner, 'esac')) break
    if (scanner.peekOperator() === '(') scanner.operator()
    const patterns: Word[] = []
    const before = scanner.at
    for (let pattern = scanner.word(); pattern; pattern = scanner.word()) {
      patterns.push(pattern)
      if (scanner.peekOperator() === '|') scanner.operator()
    }
    if (scanner.peekOperator() === ')') scanner.operator()
    const body = readList(scanner, ';;')
    arms.push({ patterns, body })
    if (scanner.peekOperator()?.startsWith(';')) scanner.operator()
    if (scanner.at === before) break
  }
  redirections(scanner)
  return { kind: 'case', word, arms, at }
}

function readFor(scanner: Scanner): Command {
  const variable = scanner.word()
  const words: Word[] = []
  skipNewlines(scanner)
  if (takeWord(scanner, 'in')) for (let word = scanner.word(); word; word = scanner.word()) words.push(word)
  if (scanner.peekOperator() === ';') scanner.operator()
  skipNewlines(scanner)
  return { kind: 'for', name: variable ? literalOf(variable) : '', words, body: readLoopBody(scanner) }
}

function readLoopBody(scanner: Scanner): Command {
  skipNewlines(scanner)
  takeWord(scanner, 'do')
  const body = readList(scanner, '')
  takeWord(scanner, 'done')
  redirections(scanner)
  return body
}

function readFunction(scanner: Scanner, name: string): Command {
  if (scanner.peekOperator() === '(') {
    scanner.operator()
    if (scanner.peekOperator() === ')') scanner.operator()
  }
  skipNewlines(scanner)
  return { kind: 'function', name, body: readCommand(scanner) ?? NOTHING }
}

function readSimple(scanner: Scanner): Command | undefined {
  scanner.skipBlanks()
  const at = scanner.at
  const assignments: Assignment[] = []
  const words: Word[] = []
  const input: { text: string }[] = []
  const writes: Word[] = []
  for (;;) {
    if (readRedirection(scanner, input, writes)) continue
    const word = scanner.word()
    if (!word) break
    const assigned = words.length === 0 ? assignmentOf(word) : undefined
    if (assigned) assignments.push(assigned)
    else words.push(word)
    if (
      words.length === 1 &&
      scanner.text[scanner.at] === '(' &&
      /^\(\s*\)/.test(scanner.text.slice(scanner.at, scanner.at + 9))
    )
      return readFunction(scanner, literalOf(word))
  }
  if (scanner.at === at) return undefined
  return { kind: 'simple', assignments, words, input, writes, at }
}

/** `NAME=value`, `NAME+=value`. */
function assignmentOf({ parts, at }: Word): Assignment | undefined {
  const [first, ...rest] = parts
  if (first?.kind !== 'text' || first.quoted) return undefined
  const match = /^([A-Za-z_]\w*)(\+?)=/.exec(first.text)
  if (!match) return undefined
  const text = first.text.slice(match[0].length)
  const value: Word = { parts: [{ kind: 'text', text, quoted: false }, ...rest], at }
  return { name: match[1] ?? '', value, append: match[2] === '+' }
}

/** Redirections behind a group, a loop, an `if`. */
function redirections(scanner: Scanner): { writes: readonly Word[] } {
  const writes: Word[] = []
  while (readRedirection(scanner, [], writes));
  return { writes }
}

function readRedirection(scanner: Scanner, input: { text: string }[], writes: Word[]): boolean {
  const operator = scanner.redirect()
  if (operator === undefined) return false
  const target = scanner.word()
  if (!target) return true
  if (/<<-?$/.test(operator)) {
    const name = target.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')
    input.push(scanner.expectHeredoc(name, operator.endsWith('-')))
  } else if (operator.includes('>') && !operator.endsWith('&')) writes.push(target)
  return true
}

/** The next word as it stands, when it is plain. */
function peekWord(scanner: Scanner): string {
  scanner.skipBlanks()
  const [word = ''] = /^[^\s;&|()<>'"$`]*/.exec(scanner.text.slice(scanner.at, scanner.at + 16)) ?? []
  return word
}

function takeWord(scanner: Scanner, word: string): boolean {
  skipSeparators(scanner, word)
  if (peekWord(scanner) !== word) return false
  scanner.at += word.length
  return true
}

/** `; then`, newlines before `fi`. */
function skipSeparators(scanner: Scanner, word: string): void {
  if (!ENDS.has(word)) return
  while (scanner.peekOperator() === ';' || scanner.peekOperator() === '\n') scanner.operator()
}

function skipNewlines(scanner: Scanner): void {
  while (scanner.peekOperator() === '\n') scanner.operator()
}
