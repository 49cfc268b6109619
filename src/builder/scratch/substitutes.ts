// The table of substitutes: what may stand in for an official image that has no build for a platform and cannot be
// rebuilt for it. The rows are data, substitutes.json; docs/substitutes.md shows them.
import * as z from 'zod'
import { architectures, type Platform } from '../../core/platform.ts'
import table from './substitutes.json' with { type: 'json' }

export type Substitute = {
  /** Of the row. */
  readonly id: string
  /** What is different, for who asked for the image. */
  readonly reason: string
  /** Page that says that the substitute exists. */
  readonly source: string
  /** A regular expression: what is built on it and says this relies on something that it lacks. */
  readonly unfit?: string | undefined
} & (
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'dockerfile'; readonly dockerfile: string }
)

export interface SubstituteQuestion {
  /** Name of an official image: eclipse-temurin. */
  readonly image: string
  /** Every tag of the library's entry, or the one that was asked for. */
  readonly tags: readonly string[]
  readonly platform: Platform
}

const text = z.string().min(1)

const ROW = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  image: text,
  /** A regular expression with named groups, for one tag. */
  tags: text,
  platforms: z
    .array(z.enum(architectures.map(({ platform }) => platform)))
    .min(1)
    .readonly(),
  /** Any must hold: for each name (a group, a value, `platform`) one of the values; '' is a group left out. */
  where: z
    .array(z.record(text, z.array(z.string()).min(1).readonly()))
    .min(1)
    .readonly()
    .optional(),
  /** What the text may use besides the groups of `tags`; a group that took part in the match goes first. */
  values: z.record(text, text).optional(),
  reference: text.optional(),
  /** Name of one of the Dockerfiles. */
  dockerfile: text.optional(),
  /** A regular expression, for the Dockerfile of what is built on it. */
  unfit: text.optional(),
  reason: z.string().regex(/^[A-Z].+\.$/),
  source: z.url({ protocol: /^https$/ }),
})

const TABLE = z.strictObject({
  rows: z.array(ROW).readonly(),
  dockerfiles: z.record(text, z.array(z.string()).min(1).readonly()),
})

export type SubstituteRow = z.infer<typeof ROW>
type Values = Readonly<Record<string, string>>

const { rows, dockerfiles } = TABLE.parse(table)
const compiled = rows.map((row) => ({ row, pattern: new RegExp(row.tags) }))

export const substituteRows: readonly SubstituteRow[] = rows

/** `${name}` in a text. A name that stands for nothing is a fault of the table: its test looks at every row. */
const PLACEHOLDER = /\$\{(\w+)\}/g

function expand(template: string, values: Values): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new TypeError(`nothing says what \${${name}} is in ${template}`)
    return value
  })
}

/** The groups of a match and the row's own values. A group that is left out is empty, unless the row says otherwise. */
function valuesOf(row: SubstituteRow, groups: Readonly<Record<string, string | undefined>>): Values {
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(groups)) values[name] = value ?? row.values?.[name] ?? ''
  for (const [name, value] of Object.entries(row.values ?? {})) values[name] ??= expand(value, values)
  return values
}

const holds = (conditions: SubstituteRow['where'], values: Values) =>
  conditions === undefined ||
  conditions.some((condition) =>
    Object.entries(condition).every(([name, allowed]) => allowed.includes(values[name] ?? '')),
  )

function answer(row: SubstituteRow, values: Values): Substitute {
  const { id, reason, source, unfit } = row
  if (row.reference !== undefined)
    return { id, reason, source, unfit, kind: 'image', reference: expand(row.reference, values) }
  const lines = dockerfiles[row.dockerfile ?? ''] ?? []
  const dockerfile = `${expand(lines.join('\n'), values)}\n`
  return { id, reason, source, unfit, kind: 'dockerfile', dockerfile }
}

/** Every answer of the table: one at most, or its rows contradict each other. */
export function substitutesFor({ image, tags, platform }: SubstituteQuestion): Substitute[] {
  const found: Substitute[] = []
  for (const { row, pattern } of compiled) {
    if (row.image !== image || !row.platforms.includes(platform)) continue
    for (const tag of tags) {
      const match = pattern.exec(tag)
      if (!match) continue
      const values = valuesOf(row, match.groups ?? {})
      if (!holds(row.where, { ...values, platform })) continue
      found.push(answer(row, values))
      break
    }
  }
  return found
}

/**
 * What may stand in for an image on a platform.
 * @returns undefined when no row is about it
 */
export const substituteFor = (question: SubstituteQuestion): Substitute | undefined =>
  substitutesFor(question)[0]
