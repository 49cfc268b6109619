// A Dockerfile as a list of instructions, each with the place of every character in the file.
//
// A reader of our own, after BuildKit's frontend/dockerfile/parser. dockerfile-ast (0.7.1) takes the text of
// heredocs such as `3<<EOF`, `<< EOF` and `<<"E F"` for instructions, so a FROM in a script would become a base,
// and it takes 30 times as long. The tests compare the two on what both understand.
import { type Flag, readFlags } from './words.ts'

/** Text whose characters know where in the file they come from: continuations and comments are left out. */
export class Spliced {
  readonly text: string
  readonly #starts: readonly number[]
  readonly #offsets: readonly number[]

  /** @param pieces of the file, in order: where each begins there, and its text */
  constructor(pieces: readonly { readonly offset: number; readonly text: string }[]) {
    const starts: number[] = []
    let length = 0
    for (const piece of pieces) {
      starts.push(length)
      length += piece.text.length
    }
    this.text = pieces.map((piece) => piece.text).join('')
    this.#starts = starts
    this.#offsets = pieces.map((piece) => piece.offset)
  }

  /** Where in the file the character at `index` is. */
  offsetOf(index: number): number {
    const piece = lastAtMost(this.#starts, index)
    return (this.#offsets[piece] ?? 0) + index - (this.#starts[piece] ?? 0)
  }
}

export interface Heredoc {
  readonly name: string
  /** Variables in it are put in: no part of the name was quoted. */
  readonly expand: boolean
  /** `<<-`: leading tabs of its lines go. */
  readonly chomp: boolean
  readonly text: string
  /** Where its text begins in the file. */
  readonly offset: number
}

export interface Instruction {
  /** In capitals; of an ONBUILD, what it triggers. */
  readonly keyword: string
  readonly onbuild: boolean
  /** Counted from 1. */
  readonly line: number
  readonly flags: readonly Flag[]
  readonly source: Spliced
  /** Where in `source` its arguments begin, behind the flags. */
  readonly from: number
  readonly heredocs: readonly Heredoc[]
  /** Where it stands in the file, its heredocs with it, without the end of its last line. */
  readonly start: number
  readonly end: number
}

export interface Lines {
  readonly instructions: readonly Instruction[]
  readonly escape: string
  /** Of the image that reads the rest of the file for BuildKit. */
  readonly syntax: { readonly value: string; readonly line: number } | undefined
  /** Line of a place in the file, counted from 1. */
  readonly lineOf: (offset: number) => number
}

/** What makes a Dockerfile none. */
export class DockerfileProblem extends Error {
  readonly line: number

  constructor(line: number, problem: string) {
    super(problem)
    this.line = line
  }
}

interface Line {
  readonly offset: number
  /** Without what ends it. */
  readonly text: string
}

const DIRECTIVE = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/
const TAKES_HEREDOCS = new Set(['RUN', 'COPY', 'ADD'])

/**
 * @param heredocsKnown whether the builder knows them; the classic one does not
 * @throws DockerfileProblem
 */
export function readLines(file: string, heredocsKnown = true): Lines {
  const lines = splitLines(file)
  const starts = lines.map(({ offset }) => offset)
  const { escape: escapeChar, syntax } = readDirectives(lines)
  const continued = escapeChar === '`' ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/
  const instructions: Instruction[] = []
  let at = 0
  while (at < lines.length) {
    const number = at + 1
    const pieces: Line[] = []
    let open = true
    for (let first = true; open && at < lines.length; first = false) {
      const { offset, text } = lines[at++] ?? { offset: 0, text: '' }
      const blank = text.search(/\S/)
      // an empty line or a comment neither ends a continued instruction nor begins one
      if (blank === -1 || text[blank] === '#') {
        if (first) break
        continue
      }
      const end = continuation(text, continued)
      open = end !== undefined
      const skip = first ? blank : 0
      pieces.push({ offset: offset + skip, text: text.slice(skip, end) })
    }
    if (pieces.length === 0) continue
    const source = new Spliced(pieces)
    const head = readHead(source, escapeChar, 0)
    if (head === undefined) continue
    const heredocs: Heredoc[] = []
    if (heredocsKnown && TAKES_HEREDOCS.has(head.keyword))
      for (const opened of heredocsOf(source.text, head.from)) {
        const read = readHeredoc(lines, at, opened)
        if (!read) throw new DockerfileProblem(number, `the heredoc ${opened.name} has no end`)
        heredocs.push(read.heredoc)
        at = read.next
      }
    const last = lines[at - 1] ?? { offset: 0, text: '' }
    const end = last.offset + last.text.length
    instructions.push({ ...head, line: number, source, heredocs, start: source.offsetOf(0), end })
  }
  return { instructions, escape: escapeChar, syntax, lineOf: (offset) => lastAtMost(starts, offset) + 1 }
}

function splitLines(file: string): Line[] {
  const lines: Line[] = []
  // the mark is no part of the first line
  for (let offset = file.startsWith('\uFEFF') ? 1 : 0; offset < file.length; ) {
    const newline = file.indexOf('\n', offset)
    const end = newline === -1 ? file.length : newline
    let trimmed = end
    while (trimmed > offset && file[trimmed - 1] === '\r') trimmed--
    lines.push({ offset, text: file.slice(offset, trimmed) })
    offset = end + 1
  }
  return lines
}

/** Directives stand in the first lines; the first other line ends them, an unknown one too. */
function readDirectives(lines: readonly Line[]): Pick<Lines, 'escape' | 'syntax'> {
  const found = new Map<string, { value: string; line: number }>()
  for (const [index, { text }] of lines.entries()) {
    const [, name = '', value = ''] = DIRECTIVE.exec(text.trimStart()) ?? []
    const key = name.toLowerCase()
    if (!['syntax', 'escape', 'check'].includes(key)) break
    if (found.has(key)) throw new DockerfileProblem(index + 1, `# ${key}= may be said only once`)
    found.set(key, { value, line: index + 1 })
  }
  const said = found.get('escape')
  if (said && said.value !== '\\' && said.value !== '`')
    throw new DockerfileProblem(said.line, '# escape= is either \\ or `')
  return { escape: said?.value ?? '\\', syntax: found.get('syntax') }
}

/** @returns where the line ends when it goes on in the next one */
function continuation(text: string, continued: RegExp): number | undefined {
  // looked at from the end, so that a line of a million blanks costs no more than its length
  const end = text.trimEnd()
  const last = end.at(-1)
  if (last !== '\\' && last !== '`') return undefined
  return continued.test(end.slice(-2)) && /^[ \t]*$/.test(text.slice(end.length)) ? end.length - 1 : undefined
}

function readHead(
  source: Spliced,
  escapeChar: string,
  start: number,
): Pick<Instruction, 'keyword' | 'onbuild' | 'flags' | 'from'> | undefined {
  const { text } = source
  const first = skipSpace(text, start)
  let end = first
  while (end < text.length && !/[\t\v\f\r ]/.test(text[end] ?? '')) end++
  if (end === first) return undefined
  const keyword = text.slice(first, end).toUpperCase()
  const { flags, from } = readFlags(text, end, escapeChar)
  if (keyword !== 'ONBUILD' || start > 0) return { keyword, onbuild: start > 0, flags, from }
  return readHead(source, escapeChar, from) ?? { keyword, onbuild: false, flags, from }
}

function readHeredoc(
  lines: readonly Line[],
  from: number,
  opened: Pick<Heredoc, 'name' | 'expand' | 'chomp'>,
): { heredoc: Heredoc; next: number } | undefined {
  const content: string[] = []
  for (let at = from; at < lines.length; at++) {
    const { text } = lines[at] ?? { text: '' }
    if ((opened.chomp ? text.replace(/^\t+/, '') : text) === opened.name)
      return {
        heredoc: { ...opened, text: content.join(''), offset: lines[from]?.offset ?? 0 },
        next: at + 1,
      }
    content.push(`${text}\n`)
  }
  return undefined
}

/** The heredocs that an instruction opens: words that begin with `<<`, outside of quotes. */
function heredocsOf(text: string, from: number): Pick<Heredoc, 'name' | 'expand' | 'chomp'>[] {
  if (!text.includes('<<', from) || text[from] === '[') return []
  const found: Pick<Heredoc, 'name' | 'expand' | 'chomp'>[] = []
  for (const word of heredocWords(text, from)) {
    const match = /^\d*<<(-?)\s*([^<]+)$/.exec(word)
    const raw = match?.[2]
    if (raw === undefined) continue
    const name = raw.replace(/\\(.)|["']/g, '$1')
    if (name !== '') found.push({ name, expand: !/["']/.test(raw), chomp: match?.[1] === '-' })
  }
  return found
}

/** Words as a shell splits them, quotes left on; space between `<<` and its name does not split. */
function* heredocWords(text: string, from: number): Generator<string> {
  let start = -1
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? ''
    if (quote !== '') {
      if (char === '\\' && quote === '"') at++
      else if (char === quote) quote = ''
      continue
    }
    if (/\s/.test(char)) {
      if (start !== -1) yield text.slice(start, at)
      start = -1
      continue
    }
    if (start === -1) start = at
    if (char === '\\') at++
    else if (char === '"' || char === "'") quote = char
    else if (char === '<' && text[at + 1] === '<') {
      at++
      while (text[at + 1] === ' ' || text[at + 1] === '\t') at++
    }
  }
  // BuildKit drops the words of a line whose quotes do not close
  if (quote === '' && start !== -1) yield text.slice(start)
}

export const skipSpace = (text: string, from: number): number => {
  let at = from
  while (at < text.length && /\s/.test(text[at] ?? '')) at++
  return at
}

/** Index of the last of ascending numbers that is not above `value`. */
function lastAtMost(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((ascending[middle] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}
