// What a bench says: figures beside their peers or limits, as a table for people and as JSON.

export interface Result {
  readonly name: string
  readonly ours: number
  readonly against: number
  /** The peer or limit that `against` is a figure of. */
  readonly what_against: string
  readonly unit: string
  /** As a person reads it; empty for a figure that only informs. */
  readonly goal: string
  readonly met: boolean
  /** Average number of programs that wanted a processor in the minute before the run. */
  readonly load?: number
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (upper + lower) / 2
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const round = (value: number) => Number(value.toPrecision(value >= 1000 ? 5 : 4))

/** A result whose figures are rounded to what their scatter allows. */
export const result = (
  name: string,
  { ours, against, ...rest }: Omit<Result, 'name' | 'goal' | 'met'>,
  goal: string,
  met: boolean,
): Result => ({ name, ours: round(ours), against: round(against), ...rest, goal, met })

/** The table on stdout. */
export function tableOf(results: readonly Result[]): string {
  const rows = [
    ['', 'what', 'ours', 'against', 'unit', 'goal', 'against what'],
    ...results.map((r) => [
      r.goal === '' ? '' : r.met ? 'met' : 'MISSED',
      r.name,
      String(r.ours),
      String(r.against),
      r.unit,
      r.goal,
      r.what_against,
    ]),
  ]
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  )
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
