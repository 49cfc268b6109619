// One pattern of a .dockerignore as a test of paths, in time proportional to pattern times path.
//
// The language is that of moby/patternmatcher: `?` and `*` stop at a slash, `**` does not, `[a-z]` is a class,
// a backslash takes the next character as it is. Patterns are stepped through as sets of places (Thompson's
// way) and not by a regular expression, because a backtracking one can be made to run for ever.

/** Says whether a path matches. */
export type Glob = (path: string) => boolean

type Piece =
  | { readonly kind: 'literal'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly has: (char: string) => boolean }
  /** `*`: anything but slashes. */
  | { readonly kind: 'star' }
  /** `**` at the end: anything. */
  | { readonly kind: 'rest' }
  /** `**` before something: nothing, or anything that ends in a slash. */
  | { readonly kind: 'folders' }
  /** Inside of `folders`: its slash is still to come. */
  | { readonly kind: 'in-folders' }

const WILDCARD = /[*?[\]\\]/

/** @returns the test, or a sentence on what is wrong with the pattern */
export function compileGlob(pattern: string): Glob | string {
  if (!WILDCARD.test(pattern)) return (path) => path === pattern
  if (pattern === '**') return () => true
  const name = pattern.startsWith('**/') ? pattern.slice(3) : undefined
  if (name !== undefined && !WILDCARD.test(name)) return (path) => path === name || path.endsWith(`/${name}`)
  const pieces = parse(pattern)
  return typeof pieces === 'string' ? pieces : (path) => matches(pieces, path)
}

function parse(pattern: string): Piece[] | string {
  const pieces: Piece[] = []
  const chars = [...pattern]
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? ''
    if (char === '*' && chars[at + 1] === '*') {
      at++
      if (chars[at + 1] === '/') at++
      if (at + 1 >= chars.length) pieces.push({ kind: 'rest' })
      else pieces.push({ kind: 'folders' }, { kind: 'in-folders' })
    } else if (char === '*') pieces.push({ kind: 'star' })
    else if (char === '?') pieces.push({ kind: 'any' })
    else if (char === '\\') {
      const next = chars[++at]
      if (next === undefined) return 'a pattern ends in a backslash'
      pieces.push({ kind: 'literal', char: next })
    } else if (char === '[') {
      const end = parseClass(chars, at + 1)
      if (end === undefined) return `a [ in ${JSON.stringify(pattern.slice(0, 80))} is not closed`
      pieces.push({ kind: 'class', has: end.has })
      at = end.at
    } else pieces.push({ kind: 'literal', char })
  }
  return pieces
}

/** A class as Go's path.Match has it: `[^…]` is the opposite, `a-z` a range, a backslash quotes. */
function parseClass(chars: readonly string[], start: number) {
  let at = start
  const opposite = chars[at] === '^'
  if (opposite) at++
  const ranges: [string, string][] = []
  const one = () => {
    if (chars[at] === '\\') at++
    return chars[at++]
  }
  for (let first = true; chars[at] !== ']' || first; first = false) {
    const low = one()
    if (low === undefined) return undefined
    let high: string | undefined = low
    if (chars[at] === '-' && chars[at + 1] !== ']') {
      at++
      high = one()
      if (high === undefined) return undefined
    }
    ranges.push([low, high])
  }
  const has = (char: string) => ranges.some(([low, high]) => char >= low && char <= high) !== opposite
  return { has, at }
}

function matches(pieces: readonly Piece[], path: string): boolean {
  let places = new Set<number>()
  const enter = (set: Set<number>, place: number) => {
    set.add(place)
    const kind = pieces[place]?.kind
    if (kind === 'star' || kind === 'rest') enter(set, place + 1)
    if (kind === 'folders') enter(set, place + 2)
  }
  enter(places, 0)
  for (const char of path) {
    const next = new Set<number>()
    for (const place of places) {
      const piece = pieces[place]
      if (piece === undefined) continue
      if (piece.kind === 'rest' || (piece.kind === 'star' && char !== '/')) enter(next, place)
      else if (piece.kind === 'folders') enter(next, char === '/' ? place + 2 : place + 1)
      else if (piece.kind === 'in-folders') enter(next, char === '/' ? place + 1 : place)
      else if (piece.kind === 'any' && char !== '/') enter(next, place + 1)
      else if (piece.kind === 'class' && piece.has(char)) enter(next, place + 1)
      else if (piece.kind === 'literal' && piece.char === char) enter(next, place + 1)
      // a slash may also be one of several that `**` swallows
      if (char === '/' && piece.kind === 'folders') enter(next, place + 1)
      if (char === '/' && piece.kind === 'in-folders') enter(next, place)
    }
    if (next.size === 0) return false
    places = next
  }
  return places.has(pieces.length)
}
