// Shell patterns (`*`, `?`, `[a-z]`, `\x`) matched in time proportional to pattern times text.

/** A character, `any` one, any number of them, or one of a class. */
type Piece = string | { readonly kind: 'any' | 'star' } | { readonly kind: 'class'; readonly of: ClassTest }
type ClassTest = (char: string) => boolean

/** Whether all of `text` matches. Slashes and leading dots are characters like others, as in `case`. */
export const matchesPattern = (pattern: string, text: string): boolean =>
  endsOf(readPattern(pattern), text, 0).at(-1) === text.length

/**
 * Takes the shortest or the longest match off one end: `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`.
 * @returns the text as it is when nothing matches
 */
export function trimPattern(pattern: string, text: string, end: 'start' | 'end', longest: boolean): string {
  const pieces = readPattern(pattern)
  if (end === 'start') {
    const matched = endsOf(pieces, text, 0).at(longest ? -1 : 0)
    return matched === undefined ? text : text.slice(matched)
  }
  for (let index = 0; index <= text.length; index++) {
    const start = longest ? index : text.length - index
    if (endsOf(pieces, text, start).at(-1) === text.length) return text.slice(0, start)
  }
  return text
}

/** `${x/pattern/by}` and, with `all`, `${x//pattern/by}`: the longest match from the left. */
export function replacePattern(pattern: string, text: string, by: string, all: boolean): string {
  const pieces = readPattern(pattern)
  let result = ''
  for (let at = 0; at < text.length; ) {
    const end = endsOf(pieces, text, at).at(-1) ?? at
    result += end > at ? by : text[at]
    if (end > at && !all) return result + text.slice(end)
    at = Math.max(end, at + 1)
  }
  return result
}

function readPattern(pattern: string): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? ''
    if (char === '*' && pattern[at + 1] === '*') continue
    if (char === '*') pieces.push({ kind: 'star' })
    else if (char === '?') pieces.push({ kind: 'any' })
    else if (char === '\\' && at + 1 < pattern.length) pieces.push(pattern[++at] ?? '')
    else if (char === '[') {
      const close = pattern.indexOf(']', at + 2)
      if (close === -1) pieces.push(char)
      else {
        pieces.push({ kind: 'class', of: readClass(pattern.slice(at + 1, close)) })
        at = close
      }
    } else pieces.push(char)
  }
  return pieces
}

function readClass(text: string): ClassTest {
  const negated = /^[!^]/.test(text)
  const chars = negated ? text.slice(1) : text
  const ranges: [string, string][] = []
  for (let at = 0; at < chars.length; at++) {
    const from = chars[at] ?? ''
    const to = chars[at + 1] === '-' ? chars[at + 2] : undefined
    ranges.push([from, to ?? from])
    if (to !== undefined) at += 2
  }
  return (char) => ranges.some(([from, to]) => char >= from && char <= to) !== negated
}

/** Where matches that begin at `from` may end, ascending: all places in the pattern are followed at once. */
function endsOf(pieces: readonly Piece[], text: string, from: number): number[] {
  const ends: number[] = []
  let places = pastStars(pieces, new Set([0]))
  for (let at = from; places.size > 0; at++) {
    if (places.has(pieces.length)) ends.push(at)
    const char = text[at]
    if (char === undefined) break
    const next = new Set<number>()
    for (const place of places) {
      const piece = pieces[place]
      if (piece === undefined) continue
      if (isStar(piece)) next.add(place)
      else if (takes(piece, char)) next.add(place + 1)
    }
    places = pastStars(pieces, next)
  }
  return ends
}

/** A star may take nothing, so its place is also the place behind it. */
function pastStars(pieces: readonly Piece[], places: Set<number>): Set<number> {
  for (const place of places) {
    const piece = pieces[place]
    if (piece !== undefined && isStar(piece)) places.add(place + 1)
  }
  return places
}

const isStar = (piece: Piece): boolean => typeof piece === 'object' && piece.kind === 'star'

function takes(piece: Piece, char: string): boolean {
  if (typeof piece === 'string') return piece === char
  return piece.kind === 'class' ? piece.of(char) : piece.kind === 'any'
}
