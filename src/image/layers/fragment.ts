// A fragment of a kconfig: lines that assign a symbol, read as kconfig itself reads them. Pure.

/** One line that counts. */
export interface Assignment {
  readonly symbol: string
  /** As kconfig writes it: `y`, `m`, `n`, a number, or a string with its quotes. `# X is not set` is `n`. */
  readonly value: string
  readonly line: number
}

/** A line that kconfig would pass over with a warning. */
export interface StrayLine {
  readonly line: number
  readonly text: string
  readonly why: string
}

export interface Fragment {
  readonly assignments: readonly Assignment[]
  readonly stray: readonly StrayLine[]
}

/** What symbols look like: in Buildroot any word, elsewhere CONFIG_ stands before them. */
const PREFIX = { buildroot: '', kernel: 'CONFIG_', uboot: 'CONFIG_', busybox: 'CONFIG_' } as const
export type FragmentKind = keyof typeof PREFIX
export const fragmentKinds = Object.keys(PREFIX) as FragmentKind[]

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/
const UNSET = /^# ([A-Za-z_][A-Za-z0-9_]*) is not set\s*$/
// what follows a value is a remark; kconfig looks no further either
const VALUE = /^(?:([ymn])|(-?\d+|0[xX][0-9a-fA-F]+)|("(?:\\.|[^"\\])*"))\s*(?:#.*)?$/

const shorten = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

function readLine(kind: FragmentKind, text: string): Omit<Assignment, 'line'> | string | undefined {
  const unset = UNSET.exec(text)?.[1]
  if (unset?.startsWith(PREFIX[kind])) return { symbol: unset, value: 'n' }
  if (text.trim() === '' || text.startsWith('#')) return undefined
  const [, symbol, rest = ''] = ASSIGNMENT.exec(text) ?? []
  if (symbol === undefined) return 'it assigns nothing'
  if (!symbol.startsWith(PREFIX[kind])) return `a symbol of ${kind}/ starts with ${PREFIX[kind]}`
  const [, letter, number, string] = VALUE.exec(rest) ?? []
  const value = letter ?? number ?? string
  return value === undefined ? 'its value is neither y, m, n, a number nor "text"' : { symbol, value }
}

/** Reads every line. What is no assignment is told, not thrown: kconfig does without it too. */
export function readFragment(kind: FragmentKind, text: string): Fragment {
  const assignments: Assignment[] = []
  const stray: StrayLine[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const read = readLine(kind, line)
    if (typeof read === 'string') stray.push({ line: index + 1, text: shorten(line), why: read })
    else if (read) assignments.push({ ...read, line: index + 1 })
  }
  return { assignments, stray }
}

/** The line that kconfig reads as this assignment. */
export const writeAssignment = ({ symbol, value }: Pick<Assignment, 'symbol' | 'value'>): string =>
  value === 'n' ? `# ${symbol} is not set` : `${symbol}=${value}`
