// A command of the skiff tool as a value, and how its line is read.
import { parseArgs } from 'node:util'
import { failure, messageOf } from '../../core/errors.ts'
import { printable } from '../../core/report.ts'
import type { Context } from '../context.ts'

export interface ImageOption {
  readonly doc: string
  /** It takes a value, called so in help. */
  readonly placeholder?: string
}

export interface ImageCall {
  readonly context: Context
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
}

export interface ImageCommand {
  readonly name: string
  readonly summary: string
  /** The words after the name, as help writes them. */
  readonly words: string
  /** Fewest and most words. */
  readonly count: readonly [least: number, most: number]
  readonly options: Readonly<Record<string, ImageOption>>
  /** What comes after the words it needs is somebody else's and is not looked at. */
  readonly passesOn?: boolean
  /** More for its help, lines as they are. */
  readonly notes?: string
  /** Its stdout is JSON with `--json`, so progress goes to stderr. */
  readonly run: (call: ImageCall) => Promise<number | undefined>
}

export const jsonOption = {
  json: { doc: 'Write JSON to stdout, and what is for people to stderr.' },
} as const

export const usageOf = ({ name, words, options }: ImageCommand): string => {
  const flags = Object.entries(options).map(([option, { placeholder }]) =>
    placeholder === undefined ? `[--${option}]` : `[--${option} <${placeholder}>]`,
  )
  return ['skiff', name, ...flags, words].filter((word) => word !== '').join(' ')
}

export interface ReadLine {
  readonly help: boolean
  readonly words: readonly string[]
  readonly options: ImageCall['options']
}

/** Reads the words after a command's name. @throws usage */
export function readLine(command: ImageCommand, line: readonly string[]): ReadLine {
  const [first] = line
  if (first === '--help' || first === '-h') return { help: true, words: [], options: {} }
  const usage = (problem: string) =>
    failure('usage', { problem: `${command.name}: ${problem}`, usage: usageOf(command) })
  const [least, most] = command.count
  if (command.passesOn) {
    if (least > 0 && (first === undefined || first.startsWith('-'))) throw usage('a name is missing')
    return { help: false, words: line, options: {} }
  }
  const known = Object.entries(command.options).map(([name, { placeholder }]) => [
    name,
    { type: placeholder === undefined ? ('boolean' as const) : ('string' as const) },
  ])
  try {
    const { values, positionals } = parseArgs({
      args: [...line],
      options: { ...Object.fromEntries(known), help: { type: 'boolean', short: 'h' } },
      strict: true,
      allowPositionals: true,
    })
    const { help = false, ...options } = values as Record<string, string | boolean | undefined>
    if (help !== true && (positionals.length < least || positionals.length > most))
      throw usage(positionals.length < least ? 'a word is missing' : `${positionals[most]} is too much`)
    return { help: help === true, words: positionals, options }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw usage((messageOf(error).split(/\. |\.?\n|\.$/)[0] ?? '').slice(0, 120))
  }
}

/** Rows in columns, two blanks apart; the last one is as long as it is. Words of packages may hold anything. */
export function columns(given: readonly (readonly string[])[], indent = '    '): string {
  const rows = given.map((row) => row.map(printable))
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`)
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

export const json = (value: unknown): string => `${JSON.stringify(value)}\n`
