// What is known of a text in a script: all of it, or all but some holes.

export interface Value {
  /** With HOLE where nobody knows what stands. */
  readonly text: string
  /** It was made from the architecture. */
  readonly arch: boolean
  /** It is empty because no branch for this architecture set it; where that was decided. */
  readonly missing?: number
}

/** Stands for any text, also for none. No script can hold it: it ends strings in C. */
export const HOLE = '\0'

export const UNKNOWN: Value = { text: HOLE, arch: false }
export const EMPTY: Value = { text: '', arch: false }

export const known = (text: string, arch = false): Value => ({ text, arch })
export const unknown = (arch: boolean): Value => (arch ? { text: HOLE, arch } : UNKNOWN)
export const isKnown = ({ text }: Value): boolean => !text.includes(HOLE)

const LONGEST = 20_000

export function concat(values: readonly Value[]): Value {
  const [only] = values
  if (values.length === 1 && only) return only
  const text = values.map((value) => value.text).join('')
  const missing = values.find((value) => value.missing !== undefined)?.missing
  return {
    text: text.length > LONGEST ? HOLE : text,
    arch: values.some(({ arch }) => arch),
    ...(missing === undefined ? {} : { missing }),
  }
}

/** What holds for both: the same text, or a hole. */
export function either(a: Value, b: Value): Value {
  const missing = a.missing ?? b.missing
  const text = a.text === b.text ? a.text : HOLE
  return { text, arch: a.arch || b.arch, ...(missing === undefined || text !== '' ? {} : { missing }) }
}
