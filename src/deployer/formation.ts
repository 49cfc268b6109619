// How many containers of each process type an app should have. Pure.
import type { ProcessType } from '../core/app.ts'
import { failure } from '../core/errors.ts'

/** One container an app should have: the index counts from 1 in each process type. */
export interface Slot {
  readonly type: string
  readonly index: number
  /** null: the image's own command. */
  readonly command: string | null
}

/** `web.1`, as Dokku and Heroku name one. */
export const slotName = ({ type, index }: { readonly type: string; readonly index: number }) =>
  `${type}.${index}`

const MOST = 50

/**
 * Containers wanted of each process type of a release.
 * @param stored what ps:scale said; a type it did not name has 1 if it is web or the image's own command, else 0
 */
export function wantedCounts(
  processes: readonly ProcessType[],
  stored: Readonly<Record<string, number>>,
): Map<string, number> {
  return new Map(
    processes.map(({ type, command }) => [
      type,
      stored[type] ?? (type === 'web' || command === null ? 1 : 0),
    ]),
  )
}

export function wantedSlots(
  processes: readonly ProcessType[],
  stored: Readonly<Record<string, number>>,
): Slot[] {
  const counts = wantedCounts(processes, stored)
  return processes.flatMap(({ type, command }) =>
    Array.from({ length: counts.get(type) ?? 0 }, (_, i) => ({ type, index: i + 1, command })),
  )
}

/**
 * Checks what ps:scale was given.
 * @param known the process types of the live release; undefined when nothing is live, so that any may come
 * @throws value-invalid, not-found
 */
export function checkCounts(
  counts: Readonly<Record<string, number>>,
  known: readonly ProcessType[] | undefined,
): void {
  for (const [type, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 0 || count > MOST) {
      const rule = `a whole number from 0 to ${MOST}`
      throw failure('value-invalid', { what: 'number of containers', value: count, rule })
    }
    if (known && !known.some((process) => process.type === type)) {
      const hint = `the live release has ${known.map((process) => process.type).join(', ') || 'none'}`
      throw failure('not-found', { what: 'process type', name: type, hint })
    }
  }
}
