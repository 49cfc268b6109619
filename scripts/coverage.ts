// Writes docs/coverage.md from what `crew scratch:plan --library … --all --format json` printed, one file a platform.
// usage: node scripts/coverage.ts <json>… >docs/coverage.md
import { readFileSync } from 'node:fs'
import type { CoverageSummary, EntryVerdict } from '../src/builder/scratch/coverage.ts'
import { architectureOf } from '../src/core/platform.ts'

interface Judged {
  readonly summary: CoverageSummary
  readonly seconds: number
  readonly entries: readonly EntryVerdict[]
}

/**
 * What paralin/scratchbuild (17fedd0) can plan of the same library, by its sources: of all entries in per cent, and of the
 * missing ones with nothing known against it.
 */
const ANCESTOR: Readonly<Record<string, { readonly all: number; readonly missing: string }>> = {
  arm64v8: { all: 84, missing: '14 of 138' },
  arm32v7: { all: 38, missing: '66 of 1249' },
  riscv64: { all: 23, missing: '0 of 1526' },
}

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) => {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => String(cell).replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const [first = [], ...rest] = lines
  return [first, widths.map((width) => '-'.repeat(width)), ...rest]
    .map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n')
}

const percent = (part: number, of: number) => `${Math.round((100 * part) / of)} %`
const nameOf = ({ summary }: Judged) => architectureOf(summary.platform).library

function topOf({ entries }: Judged, verdict: EntryVerdict['verdict'], most: number) {
  const counts = new Map<string, number>()
  for (const entry of entries) {
    const [first] = entry.verdict === verdict ? entry.blockers : []
    if (!first) continue
    const what = `${first.image.replace(/:.*/, '')}: ${first.problem.replaceAll('`', "'").slice(0, 110)}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).slice(0, most)
}

/** Images of which at least one entry that is missing can be made. */
const imagesOf = ({ entries }: Judged) =>
  [...new Set(entries.filter(({ verdict }) => verdict === 'plan').map(({ image }) => image))].join(', ')

const judged = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')) as Judged)

const overview = table(
  ['', ...judged.map(nameOf)],
  [
    ['entries for Linux', ...judged.map(({ summary }) => summary.entries)],
    ['published for it', ...judged.map(({ summary }) => summary.published)],
    ['missing', ...judged.map(({ summary }) => summary.missing)],
    [
      '**missing, with a plan and nothing known against it**',
      ...judged.map(({ summary }) => summary.planned),
    ],
    ['– of those by a substitute somewhere', ...judged.map(({ summary }) => summary.withSubstitute)],
    ['missing, with a plan and a step that may fail', ...judged.map(({ summary }) => summary.mayBlock)],
    ['missing, blocked', ...judged.map(({ summary }) => summary.blocked)],
    [
      'can be had, of all',
      ...judged.map(({ summary: { published, planned, mayBlock, entries } }) =>
        percent(published + planned + mayBlock, entries),
      ),
    ],
    ['– the ancestor, of all', ...judged.map((one) => `${ANCESTOR[nameOf(one)]?.all ?? '?'} %`)],
    [
      '– the ancestor, of the missing with nothing known against it',
      ...judged.map((one) => ANCESTOR[nameOf(one)]?.missing ?? '?'),
    ],
    ['judged in', ...judged.map(({ seconds }) => `${seconds} s`)],
  ],
)

const exactness = table(
  ['Dockerfiles of the missing ones were', ...judged.map(nameOf)],
  (['pinned', 'tip', 'nearest'] as const).map((kind) => [
    {
      pinned: 'those of the pinned commit',
      tip: 'of the newest commit at hand',
      nearest: 'of the folder most alike',
    }[kind],
    ...judged.map(
      ({ entries }) =>
        entries.filter(({ verdict, exactness }) => verdict !== 'published' && exactness === kind).length,
    ),
  ]),
)

console.log(`<!-- Written by scripts/coverage.ts; a change here is lost. -->

# What of Docker's official library runs on a board

Every entry of [docker-library/official-images](https://github.com/docker-library/official-images) as of August 2026,
judged by \`crew scratch:plan --library <checkout> --sources <clones> --all --arch <platform> --format json\`. A plan is
what the Dockerfiles say; whether each builds to its end was not tried. Where a clone lacks the pinned commit, the nearest
text at hand was judged, which the second table counts.

${overview}

"Nothing known against it" leaves out entries with a step that may fail. "Published" counts an older variant that the
processor runs (arm/v7 runs v6 and v5). The ancestor is paralin/scratchbuild, whose plans were worked out from its sources.

${exactness}
${judged
  .map(
    (one) => `
## ${nameOf(one)}

Of these images at least one missing entry can be made: ${imagesOf(one)}.

What stands in the way most, by the image it is in:

${table(
  ['entries', 'why'],
  topOf(one, 'blocked', 15).map(([why, count]) => [count, why]),
)}
`,
  )
  .join('')}`)
