// How lists and reports look: Dokku's columns for people, JSON for programs. Pure.

import { failure } from '../core/errors.ts'
import { printable } from '../core/report.ts'
import { valued } from './command.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Makes the parser of an option that takes one of a few words. */
export const oneOf =
  <const T extends string>(what: string, ...words: readonly T[]) =>
  (text: string): T => {
    const found = words.find((word) => word === text)
    if (found !== undefined) return found
    throw failure('value-invalid', {
      what,
      value: JSON.stringify(text.slice(0, 60)),
      rule: `one of ${words.join(', ')}`,
    })
  }

/** `--format`, the same on every list and report. */
export const format = valued('format', 'stdout (the default) or json.', oneOf('format', 'stdout', 'json'))

export const json = (value: Json) => `${JSON.stringify(value)}\n`

/** One fact of a report. */
export interface Field {
  /** Its key in JSON, camelCase. */
  readonly key: string
  readonly label: string
  readonly value: Json
  /** Lines for people in place of one, each a label and a text. */
  readonly lines?: readonly (readonly [string, string])[]
}

export const field = (key: string, label: string, value: Json, lines?: Field['lines']): Field => ({
  key,
  label,
  value,
  ...(lines === undefined ? {} : { lines }),
})

const LABEL_WIDTH = 31

const textOf = (value: Json): string => {
  if (value === null) return ''
  if (Array.isArray(value)) return value.map(textOf).join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const labelled = (label: string, text: string) =>
  `       ${`${label}:`.padEnd(LABEL_WIDTH)}${printable(text).replaceAll('\n', ' ')}`.trimEnd()

/** `=====> title` and a line for each field, the values in one column. */
export function reportText(title: string, fields: readonly Field[]): string {
  const lines = fields.flatMap(({ label, value, lines }) => lines ?? [[label, textOf(value)] as const])
  return `=====> ${title}\n${lines.map(([label, text]) => `${labelled(label, text)}\n`).join('')}`
}

export const reportJson = (app: string, fields: readonly Field[]): Json => ({
  app,
  ...Object.fromEntries(fields.map(({ key, value }) => [key, value])),
})

/**
 * Rows in columns, two spaces apart.
 * @param indent put before each row
 */
export function columns(rows: readonly (readonly string[])[], indent = ''): string {
  const shown = rows.map((row) => row.map((cell) => printable(cell).replaceAll('\n', ' ')))
  const widths: number[] = []
  for (const row of shown) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return shown
    .map((row) =>
      `${indent}${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** `KEY:  value` lines, as Dokku shows an environment; every line of a value is kept. */
export function pairs(values: Readonly<Record<string, string>>, indent = ''): string {
  const width = Math.max(0, ...Object.keys(values).map((key) => key.length)) + 1
  return Object.entries(values)
    .map(([key, value]) => `${indent}${`${key}:`.padEnd(width)}  ${printable(value)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}
