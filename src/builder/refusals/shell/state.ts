// What is known while a script is followed: its variables, what it has done, what decided its way.
import type { Scope } from './expand.ts'
import type { Machine } from './machine.ts'
import { assignedIn, type Command } from './syntax.ts'
import { concat, EMPTY, either, UNKNOWN, unknown, type Value } from './value.ts'

/** Something that a script does. */
export type Deed =
  /** It ends with an error because of the architecture, as decided at `cause`. */
  | { readonly kind: 'refuses'; readonly at: number; readonly cause: number; readonly certain: boolean }
  | {
      readonly kind: 'runs'
      readonly name: string
      readonly args: readonly Value[]
      /** What it is given to read, and the files it writes. */
      readonly input: readonly string[]
      readonly writes: readonly string[]
      readonly at: number
      readonly certain: boolean
      /** The script has a branch for the architecture by its name, and went through it. */
      readonly vouched: boolean
    }

export type Run = Extract<Deed, { kind: 'runs' }>

export type Status = 'ok' | 'fails' | 'unknown' | 'exits' | 'returns' | 'breaks'

/** Which decisions led here. */
export interface Path {
  readonly certain: boolean
  /** The last one that the architecture took. */
  readonly cause: number | undefined
}

export class State {
  readonly machine: Machine
  readonly deeds: Deed[] = []
  readonly functions = new Map<string, Command>()
  variables: Map<string, Value>
  /** `set -e`: a command that fails ends the script. */
  fails: boolean
  /** Of the function that returned last. */
  returned: Status = 'ok'
  /** What a pipe brings, and what has been printed into it or into a `$(…)`. */
  input: Value = UNKNOWN
  printed: Value[] = []
  /** Where the last test that the architecture decided went against the script. */
  failedAt: number | undefined
  /** Where the last test is, when the architecture decided it. */
  decidedAt: number | undefined
  /** Where no branch was for the architecture. */
  unmatchedAt: number | undefined
  vouched = false

  constructor(machine: Machine, variables: Map<string, Value>, fails: boolean) {
    this.machine = machine
    this.variables = variables
    this.fails = fails
  }

  /** The variables for expanding words. @param output what a `$(…)` prints */
  scope(output: (body: Command) => Value): Scope {
    return {
      get: (name) => this.variables.get(name) ?? UNKNOWN,
      set: (name, value) => this.variables.set(name, value),
      output,
    }
  }

  assign(name: string, value: Value, append = false): void {
    const before = append ? (this.variables.get(name) ?? UNKNOWN) : undefined
    this.variables.set(name, before ? concat([before, value]) : value)
  }

  refuse(cause: number | undefined, { certain }: Path, at = cause): void {
    if (cause !== undefined && at !== undefined) this.deeds.push({ kind: 'refuses', at, cause, certain })
  }

  /** What may have been printed or not is anything. */
  doubtPrinted(from: number): void {
    const doubtful = this.printed.splice(from)
    if (doubtful.length > 0) this.printed.push(unknown(doubtful.some(({ arch }) => arch)))
  }

  /** Empty, and because of the architecture: what other branches would have set, and the one taken has not. */
  markMissing(taken: Command | undefined, others: readonly Command[], at: number): void {
    const own = taken ? assignedIn(taken) : undefined
    for (const other of others)
      for (const name of assignedIn(other)) {
        if (own?.has(name)) continue
        const value = this.variables.get(name)
        if (value === undefined || (value.text === '' && value.missing === undefined))
          this.variables.set(name, { text: '', arch: true, missing: at })
      }
  }

  /** What a command prints for others to read; nothing at all where no branch was for the architecture. */
  takePrinted(): Value {
    if (this.printed.length > 0) return concat(this.printed)
    return this.unmatchedAt === undefined ? EMPTY : { ...EMPTY, arch: true, missing: this.unmatchedAt }
  }
}

/** What holds whichever of two ways was gone. */
export function merged(a: Map<string, Value>, b: Map<string, Value>): Map<string, Value> {
  const result = new Map<string, Value>()
  for (const [name, value] of a) result.set(name, either(value, b.get(name) ?? UNKNOWN))
  for (const [name, value] of b) if (!a.has(name)) result.set(name, either(UNKNOWN, value))
  return result
}
