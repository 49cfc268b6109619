// The daemon's log, as the stages see it: fields first, then a sentence. Never a secret in either.

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void

export interface Log {
  readonly debug: Write
  readonly info: Write
  readonly warn: Write
  readonly error: Write
}

/** A log that keeps nothing. */
export const noLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
