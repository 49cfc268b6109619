// Symbols that were asked for and are not there in the end, and why: kconfig itself says nothing of them. Pure.
import { readFragment } from '../layers/fragment.ts'
import type { Placed } from '../layers/merge.ts'
import type { Declarations } from './kconfig.ts'

/**
 * `unknown`: no such symbol. `legacy`: there was one. `unmet`: something it depends on is missing. `selected`: it was
 * asked off, and something else needs it.
 */
export type Fate = 'unknown' | 'legacy' | 'unmet' | 'selected'

export interface LostSymbol {
  readonly asked: Placed
  /** `n` where the result does not mention it. */
  readonly found: string
  readonly fate: Fate
  /** Of a legacy symbol, what became of it. */
  readonly note: string
}

/** Values of a finished .config; symbols it does not mention are `n`. */
export type Config = ReadonlyMap<string, string>

export function parseConfig(text: string): Config {
  const { assignments } = readFragment('buildroot', text)
  return new Map(
    assignments.flatMap(({ symbol, value }) => (value === 'n' ? [] : [[symbol, value] as const])),
  )
}

/** A later answer to the same choice came through: that is how a board overrides what is below it. */
function isOverridden(
  asked: Placed,
  later: readonly Placed[],
  config: Config,
  declarations: Declarations,
): boolean {
  const choices = declarations.get(asked.symbol)?.choices
  if (choices === undefined || choices.size === 0 || asked.value !== 'y') return false
  return later.some(
    ({ symbol, value }) =>
      value === 'y' &&
      config.get(symbol) === 'y' &&
      [...(declarations.get(symbol)?.choices ?? [])].some((choice) => choices.has(choice)),
  )
}

function fateOf(asked: Placed, declarations: Declarations): Fate {
  const declared = declarations.get(asked.symbol)
  if (declared === undefined) return 'unknown'
  if (declared.legacy) return 'legacy'
  return asked.value === 'n' ? 'selected' : 'unmet'
}

/**
 * @param asked what is in force of all layers, in order
 * @param config the result
 */
export function lostSymbols(
  asked: readonly Placed[],
  config: Config,
  declarations: Declarations,
): LostSymbol[] {
  return asked.flatMap((each, index) => {
    const found = config.get(each.symbol) ?? 'n'
    const known = declarations.has(each.symbol)
    // what was asked off and does not exist is off; an old name that is asked off is no fault either
    if (found === each.value || (each.value === 'n' && !known)) return []
    if (known && isOverridden(each, asked.slice(index + 1), config, declarations)) return []
    const fate = fateOf(each, declarations)
    const note = fate === 'legacy' ? (declarations.get(each.symbol)?.prompt ?? '') : ''
    return [{ asked: each, found, fate, note }]
  })
}

const WORDS: Readonly<Record<Fate, string>> = {
  unknown: 'this Buildroot has no such symbol',
  legacy: 'this Buildroot no longer has it',
  unmet: 'something it depends on is not there',
  selected: 'something else needs it',
}

/** One line for people. */
export function describeLost({ asked, found, fate, note }: LostSymbol): string {
  const place = `${asked.layer}: ${asked.inside}:${asked.line}`
  const why = note === '' ? WORDS[fate] : `${WORDS[fate]} (${note})`
  return `${asked.symbol} is ${found} and not ${asked.value}: ${why}; asked by ${place}`
}

/** A result that does what was asked is no reason to stop; what is only on without being asked is told and no more. */
export const isFault = ({ fate }: LostSymbol): boolean => fate !== 'selected'
