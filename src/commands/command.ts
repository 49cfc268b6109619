// A command as a value: name, arguments, options, who may run it, what it does.

import { parseAppName } from '../core/app.ts'
import type { Report } from '../core/report.ts'
import type { Actor } from '../pipeline-port.ts'
import type { Session } from '../receiver/session.ts'
import type { Context } from './context.ts'

/** A word of the command line, told by its place. */
export interface Argument<N extends string = string, T = unknown> {
  readonly name: N
  readonly doc: string
  readonly required: boolean
  /** Takes every word that is left. */
  readonly variadic: boolean
  /** Checks a word. @throws value-invalid or another failure */
  readonly parse: (text: string) => T
}

/** `--name`, or `--name <placeholder>` when it has a placeholder. */
export interface Option<T = unknown> {
  readonly doc: string
  readonly short?: string
  readonly placeholder?: string
  readonly parse: (text: string) => T
}

type Options = Readonly<Record<string, Option>>

type ArgumentValue<A> = A extends {
  readonly required: infer R
  readonly variadic: infer V
  readonly parse: (text: string) => infer T
}
  ? V extends true
    ? readonly T[]
    : R extends true
      ? T
      : T | undefined
  : never

type OptionValue<O> = O extends { readonly parse: (text: string) => infer T } ? T | undefined : never

export type ArgumentValues<A extends readonly Argument[]> = {
  readonly [E in A[number] as E['name']]: ArgumentValue<E>
}
export type OptionValues<O extends Options> = { readonly [N in keyof O]: OptionValue<O[N]> }

/** One run of a command. */
export interface Call<A = Readonly<Record<string, unknown>>, O = Readonly<Record<string, unknown>>> {
  readonly context: Context
  readonly session: Session
  readonly args: A
  readonly options: O
  /** Writes to stdout; resolves when the reader can take more. */
  readonly write: (text: string) => Promise<void>
  /** Lines of progress, on stdout. */
  readonly report: Report
  /** Who asks, for the pipeline. */
  readonly actor: Actor
}

interface Declaration<A, O, Args, Opts> {
  readonly name: string
  /** Further names it answers to. */
  readonly aliases?: readonly string[]
  /** One sentence for help. */
  readonly summary: string
  readonly arguments: A
  readonly options: O
  /** `local-only`: on the control socket, not over SSH. */
  readonly access: 'local-only' | 'any'
  /** @returns the exit status; nothing is 0 */
  readonly handler: (call: Call<Args, Opts>) => Promise<number | undefined> | Promise<void>
}

/** A command of the table, its handler taking whatever its declaration parsed. */
export type Command = Declaration<
  readonly Argument[],
  Options,
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>
>

/** Types a command's handler by its arguments and options. */
export function declare<const A extends readonly Argument[], const O extends Options>(
  declaration: Declaration<A, O, ArgumentValues<A>, OptionValues<O>>,
): Command {
  // sound: arguments.ts makes the values with the parsers of this very declaration
  return declaration as unknown as Command
}

/** The parser of a word that may be anything. */
export const text = (word: string) => word

export const one = <const N extends string, T>(name: N, doc: string, parse: (text: string) => T) =>
  ({ name, doc, parse, required: true, variadic: false }) as const

export const optional = <const N extends string, T>(name: N, doc: string, parse: (text: string) => T) =>
  ({ name, doc, parse, required: false, variadic: false }) as const

/** One word or more. */
export const many = <const N extends string, T>(name: N, doc: string, parse: (text: string) => T) =>
  ({ name, doc, parse, required: true, variadic: true }) as const

/** Any number of words. */
export const any = <const N extends string, T>(name: N, doc: string, parse: (text: string) => T) =>
  ({ name, doc, parse, required: false, variadic: true }) as const

/** The first argument of most commands. */
export const app = one('app', 'Name of an app.', parseAppName)
/** For commands that mean every app when none is named. */
export const appOrAll = optional('app', 'Name of an app; all apps when there is none.', parseAppName)

export const flag = (doc: string, short?: string) =>
  ({ doc, parse: () => true as const, ...(short === undefined ? {} : { short }) }) satisfies Option<true>

export const valued = <T>(placeholder: string, doc: string, parse: (text: string) => T, short?: string) =>
  ({ doc, placeholder, parse, ...(short === undefined ? {} : { short }) }) satisfies Option<T>
