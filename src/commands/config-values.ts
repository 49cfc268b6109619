// Configuration as a user hands it over: words of a command line, base64, an environment file, JSON. Pure.
import { isUtf8 } from 'node:buffer'
import { parseConfigKey } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { parseEnvFile } from './env-file.ts'

/** Linux takes no longer `KEY=value` in a process's environment (MAX_ARG_STRLEN, execve(2)). */
const LONGEST_VARIABLE = 128 * 1024 - 1

function checked(key: string, value: string): string {
  const bad = (problem: string, rule: string) =>
    failure('value-invalid', { what: 'value', value: `of ${key}: ${problem}`, rule })
  if (value.includes('\0')) throw bad('it holds a NUL', 'an environment variable cannot hold one')
  if (Buffer.byteLength(key) + 1 + Buffer.byteLength(value) > LONGEST_VARIABLE)
    throw bad(
      'it is too long',
      `an environment variable has at most ${LONGEST_VARIABLE} bytes, its name included`,
    )
  return value
}

/** @throws value-invalid unless `text` is base64 of UTF-8 */
function decode(key: string, text: string): string {
  const bytes = Buffer.from(text, 'base64')
  const same = (a: string) => a.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
  try {
    if (same(bytes.toString('base64')) !== same(text)) throw new TypeError('not base64')
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw failure(
      'value-invalid',
      {
        what: 'value',
        value: `of ${key}: it is not base64 of a text`,
        rule: `with --encoded each value is base64: ${key}="$(base64 -w0 <file>)"`,
      },
      error,
    )
  }
}

/**
 * Reads words of the form `KEY=value`. No message holds a value: it may be a secret.
 * @param encoded values are base64
 * @throws value-invalid
 */
export function parseAssignments(words: readonly string[], encoded: boolean): Record<string, string> {
  const values = new Map<string, string>()
  let last = ''
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals < 0) {
      throw failure('value-invalid', {
        what: 'assignment',
        value:
          last === ''
            ? `${JSON.stringify(word.slice(0, 60))}: it has no "="`
            : `after ${last}: a word without "="`,
        rule: 'each word is KEY=value. ssh joins words with spaces, so over SSH quote a value twice (KEY=\'"a b"\'), give --encoded base64, or pipe into config:import',
      })
    }
    const key = parseConfigKey(word.slice(0, equals))
    const value = word.slice(equals + 1)
    values.set(key, checked(key, encoded ? decode(key, value) : value))
    last = key
  }
  return Object.fromEntries(values)
}

function parseJsonConfig(text: string): Record<string, string> {
  const bad = (problem: string) =>
    failure('value-invalid', {
      what: 'JSON',
      value: `(${problem})`,
      rule: 'an object whose values are strings',
    })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // the engine's own message quotes the text, which may be a secret
    throw bad('it cannot be read')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad('it is not an object')
  const values = new Map<string, string>()
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value !== 'string')
      throw bad(`the value of ${JSON.stringify(key.slice(0, 60))} is not a string`)
    values.set(parseConfigKey(key), value)
  }
  return Object.fromEntries(values)
}

/** Reads what config:import is given. @throws value-invalid */
export function parseImported(input: Buffer, format: 'env' | 'json'): Record<string, string> {
  if (!isUtf8(input))
    throw failure('value-invalid', {
      what: 'input',
      value: '(it is not UTF-8)',
      rule: 'give it as UTF-8 text',
    })
  const text = input.toString('utf8').replace(/^\uFEFF/, '')
  const values = format === 'json' ? parseJsonConfig(text) : parseEnvFile(text)
  for (const [key, value] of Object.entries(values)) checked(key, value)
  return values
}
