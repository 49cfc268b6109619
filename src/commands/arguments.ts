// A command line read by the declaration of its command (node:util parseArgs).
import { parseArgs } from 'node:util'
import { parseAppName } from '../core/app.ts'
import { failure, messageOf } from '../core/errors.ts'
import type { Argument, Command } from './command.ts'

export interface ParsedLine {
  readonly args: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  /** `--help` was there; the rest was not looked at. */
  readonly help: boolean
}

const inBrackets = ({ name, required, variadic }: Argument) => {
  const word = `<${name}>${variadic ? '...' : ''}`
  return required ? word : `[${word}]`
}

/** `config:set [--encoded] [--no-restart] <app> <KEY=value>...` */
export function usageOf(command: Command): string {
  const options = Object.entries(command.options).map(([name, { short, placeholder }]) => {
    const flags = short === undefined ? `--${name}` : `-${short}|--${name}`
    return placeholder === undefined ? `[${flags}]` : `[${flags} <${placeholder}>]`
  })
  return [command.name, ...options, ...command.arguments.map(inBrackets)].join(' ')
}

/** One line, not too long, of something a user typed. */
export const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

function readWords(command: Command, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { short, placeholder }]) => [
      name,
      {
        type: placeholder === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  )
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: true })
  } catch (error) {
    // a word such as -rf in the place of an app's name: what is wrong with it is the name
    const [first] = words
    if (
      command.arguments[0]?.name === 'app' &&
      first?.startsWith('-') &&
      words.every((w) => w.startsWith('-'))
    )
      parseAppName(first)
    const [problem = ''] = messageOf(error).split(/\. |\.?\n|\.$/)
    throw failure('usage', {
      problem: `${command.name}: ${problem.slice(0, 120)}`,
      usage: usageOf(command),
    })
  }
}

function readArguments(command: Command, words: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  let next = 0
  for (const { name, required, variadic, parse } of command.arguments) {
    const taken = variadic ? words.slice(next) : words.slice(next, next + 1)
    if (required && taken.length === 0)
      throw failure('usage', { problem: `${command.name} needs <${name}>`, usage: usageOf(command) })
    next += taken.length
    const parsed = taken.map((word) => parse(word))
    values[name] = variadic ? parsed : parsed[0]
  }
  if (next < words.length)
    throw failure('usage', {
      problem: `${command.name} takes ${next === 0 ? 'no arguments' : `${next} ${next === 1 ? 'argument' : 'arguments'} at most`}, and got ${quoted(words[next] ?? '')} too`,
      usage: usageOf(command),
    })
  return values
}

/**
 * Reads the words after a command's name.
 * @throws usage, or what the parser of an argument throws
 */
export function parseLine(command: Command, words: readonly string[]): ParsedLine {
  const end = words.indexOf('--')
  const before = end < 0 ? words : words.slice(0, end)
  if (before.includes('--help') || before.includes('-h')) return { args: {}, options: {}, help: true }
  const { values, positionals } = readWords(command, words)
  const options: Record<string, unknown> = {}
  for (const [name, { parse }] of Object.entries(command.options)) {
    const value = values[name]
    if (value !== undefined) options[name] = parse(String(value))
  }
  return { args: readArguments(command, positionals), options, help: false }
}
