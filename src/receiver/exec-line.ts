// Splits the one line that SSH carries into words, as a POSIX shell would quote them, and does nothing else a
// shell does: `$`, backquote, `;`, `|`, `&`, `*` and the rest are ordinary characters.
import { failure } from '../core/errors.ts'

/** A configuration value may be long; a line beyond this is an attack or a mistake. */
const LONGEST = 64 * 1024

const BLANK = new Set([' ', '\t', '\n'])
/** What a backslash escapes inside double quotes (POSIX 2.2.3). */
const ESCAPED_IN_QUOTES = new Set(['"', '\\', '$', '`'])

/**
 * Words of a line: blanks separate; '…' keeps all as it is; "…" knows \" \\ \$ \`; outside of quotes a
 * backslash keeps the next character. A backslash before a line feed joins the lines.
 * @throws exec-line-invalid
 */
export function parseExecLine(line: string): string[] {
  if (line.length > LONGEST || Buffer.byteLength(line) > LONGEST)
    throw invalid(`it is longer than ${LONGEST} bytes`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(line)) throw invalid('it holds a control character')

  const words: string[] = []
  let word: string | undefined
  let quote: "'" | '"' | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at)
    const next = line.charAt(at + 1)
    if (quote === "'") {
      if (char === quote) quote = undefined
      else word += char
    } else if (quote === '"') {
      if (char === quote) quote = undefined
      else if (char === '\\' && next === '\n') at++
      else if (char === '\\' && ESCAPED_IN_QUOTES.has(next)) {
        word += next
        at++
      } else word += char
    } else if (char === "'" || char === '"') {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (next === '') throw invalid('nothing follows the backslash at its end')
      if (next !== '\n') word = (word ?? '') + next
      at++
    } else if (BLANK.has(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (quote !== undefined) throw invalid(`a ${quote} is never closed`)
  if (word !== undefined) words.push(word)
  return words
}

const invalid = (problem: string) => failure('exec-line-invalid', { problem })
