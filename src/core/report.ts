// How Crew speaks to a person: Dokku's line forms, and the one place where an error becomes text.
import { CrewError, messageOf } from './errors.ts'

/** Where progress goes: the pusher's terminal, a command's stdout, a test's array. */
export interface Report {
  /** `=====> text`: begins a section. */
  heading(text: string): void
  /** `-----> text`: begins a step. */
  step(text: string): void
  /** Seven spaces and the text: a line inside a step. */
  line(text: string): void
  /** ` !     text`: something the reader must know. */
  warn(text: string): void
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const CONTROL = /\u001b\[[0-9;]*[A-Za-ln-z]|\u001b[^[]|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]/g

/**
 * Text of a build or a container made fit for somebody's terminal: one line at a time, colours kept, every
 * other control character and escape sequence dropped (a container's output is not trusted).
 */
export const printable = (text: string): string => text.replace(CONTROL, '')

/** A report that writes whole lines to `write`. */
export function reportTo(write: (text: string) => void): Report {
  const lines = (prefix: string, text: string) => {
    for (const line of text.split(/\r\n|\n|\r/))
      write(`${prefix}${printable(line)}\n`.replace(/^ +\n$/, '\n'))
  }
  return {
    heading: (text) => lines('=====> ', text),
    step: (text) => lines('-----> ', text),
    line: (text) => lines('       ', text),
    warn: (text) => lines(' !     ', text),
  }
}

/** A report that says nothing. */
export const silent: Report = { heading() {}, step() {}, line() {}, warn() {} }

/**
 * The lines a failed command prints on stderr.
 * @returns text with its line feeds, and the exit status
 */
export function describeError(error: unknown): { text: string; exit: number } {
  if (error instanceof CrewError) {
    const hint = error.hint === '' ? '' : ` !     ${printable(error.hint)}\n`
    return { text: ` !     ${printable(error.message.replaceAll('\n', ' '))}\n${hint}`, exit: error.exit }
  }
  return { text: ` !     internal error: ${printable(messageOf(error))}\n`, exit: 1 }
}
