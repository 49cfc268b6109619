// Words of an instruction: its flags and its arguments, with the place of each character.

export interface Word {
  /** Without quotes and escapes. */
  readonly text: string
  /** Where in the instruction each character of `text` stands. */
  readonly places: readonly number[]
}

export interface Flag {
  /** Behind the dashes, in small letters. */
  readonly name: string
  /** Undefined for a flag without `=`. */
  readonly value: Word | undefined
}

/** A piece of a word that has been written somewhere: from where to where. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Reads `--name=value` words until another word comes. Quotes and escapes count as BuildKit counts them. */
export function readFlags(text: string, from: number, escapeChar: string): { flags: Flag[]; from: number } {
  const flags: Flag[] = []
  let at = from
  for (;;) {
    while (at < text.length && /\s/.test(text[at] ?? '')) at++
    if (!text.startsWith('--', at)) return { flags, from: at }
    const { word, next } = readFlag(text, at, escapeChar)
    at = next
    if (word.text === '--') return { flags, from: at }
    const equals = word.text.indexOf('=')
    const name = word.text.slice(2, equals === -1 ? undefined : equals).toLowerCase()
    flags.push({ name, value: equals === -1 ? undefined : sliceWord(word, equals + 1) })
  }
}

function readFlag(text: string, from: number, escapeChar: string): { word: Word; next: number } {
  const chars: string[] = []
  const places: number[] = []
  let quote = ''
  let at = from
  for (; at < text.length; at++) {
    let char = text[at] ?? ''
    if (quote === '' && /\s/.test(char)) break
    if (char === quote) {
      quote = ''
      continue
    }
    if (quote === '' && (char === '"' || char === "'")) {
      quote = char
      continue
    }
    if (char === escapeChar) {
      at++
      if (at >= text.length) break
      char = text[at] ?? ''
    }
    chars.push(char)
    places.push(at)
  }
  return { word: { text: chars.join(''), places }, next: at }
}

export const sliceWord = ({ text, places }: Word, start: number, end = text.length): Word => ({
  text: text.slice(start, end),
  places: places.slice(start, end),
})

/** @returns undefined for a word that has no characters */
export function spanOf({ places }: Word): Span | undefined {
  const first = places[0]
  const last = places.at(-1)
  return first === undefined || last === undefined ? undefined : { start: first, end: last + 1 }
}

/** Words between blanks, as they stand: quotes and escapes stay. */
export function splitWords(text: string, from: number): (Span & { readonly text: string })[] {
  const words: (Span & { text: string })[] = []
  const blank = /[^\t\v\f\r\n ]+/g
  blank.lastIndex = from
  for (let match = blank.exec(text); match; match = blank.exec(text))
    words.push({ text: match[0], start: match.index, end: match.index + match[0].length })
  return words
}

/** Words between blanks that are not quoted, quotes and escapes left on: `a="b c" d`. */
export function splitQuoted(text: string, from: number, escapeChar: string): string[] {
  const words: string[] = []
  let start = -1
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? ''
    if (quote === '' && /\s/.test(char)) {
      if (start !== -1) words.push(text.slice(start, at))
      start = -1
      continue
    }
    if (start === -1) start = at
    if (char === escapeChar) at++
    else if (quote === '' && (char === '"' || char === "'")) quote = char
    else if (char === quote) quote = ''
  }
  if (start !== -1) words.push(text.slice(start))
  return words
}

/** Fields of a `--mount`: comma-separated values, of which one may be quoted. */
export function splitFields(word: Word): Word[] {
  const fields: Word[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at <= word.text.length; at++) {
    const char = word.text[at]
    if (char === '"') quoted = !quoted
    if (char !== undefined && (quoted || char !== ',')) continue
    const field = sliceWord(word, start, at)
    const bare = field.text.length > 1 && field.text.startsWith('"') && field.text.endsWith('"')
    fields.push(bare ? sliceWord(field, 1, field.text.length - 1) : field)
    start = at + 1
  }
  return fields
}
