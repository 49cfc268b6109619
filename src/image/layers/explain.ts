// What each layer says of a symbol, and which of them is in force. Pure.
import { printable } from '../../core/report.ts'
import { suggestion } from '../../core/suggest.ts'
import { type FragmentKind, fragmentKinds, writeAssignment } from './fragment.ts'
import type { Layers } from './layers.ts'
import type { Placed } from './merge.ts'

export interface Explained {
  readonly kind: FragmentKind
  readonly symbol: string
  /** Every assignment in the order of the layers; the last is in force. */
  readonly assignments: readonly Placed[]
}

/** With and without the prefix that kconfig files have and people leave out. */
const spellings = (symbol: string) => {
  const word = symbol.replace(/=.*$/, '')
  return new Set([word, `CONFIG_${word}`, `BR2_${word}`, `BR2_PACKAGE_${word}`])
}

/** @returns one entry for each of buildroot, kernel, uboot and busybox that has such a symbol */
export function explainSymbol({ fragments }: Pick<Layers, 'fragments'>, symbol: string): Explained[] {
  const names = spellings(symbol)
  return fragmentKinds.flatMap((kind) => {
    const found = Map.groupBy(
      fragments[kind].all.filter((each) => names.has(each.symbol)),
      (each) => each.symbol,
    )
    return [...found].map(([symbol, assignments]) => ({ kind, symbol, assignments }))
  })
}

/** A symbol that some layer assigns and that is spelled much like this one, with a prefix or without. */
export function nearSymbol({ fragments }: Pick<Layers, 'fragments'>, symbol: string): string | undefined {
  const known = fragmentKinds.flatMap((kind) => fragments[kind].effective.map((each) => each.symbol))
  for (const spelling of spellings(symbol)) {
    const near = suggestion(spelling, known)
    if (near !== undefined) return near
  }
  return undefined
}

/** Lines for people: the layers one below the other, the winner marked. */
export function explanation({ kind, symbol, assignments }: Explained): string {
  const rows = assignments.map((each, index) => ({
    mark: index === assignments.length - 1 ? '->' : '  ',
    text: writeAssignment(each),
    where: `${each.layer}  ${each.path}:${each.line}`,
  }))
  const width = Math.max(...rows.map(({ text }) => text.length))
  const lines = rows.map(({ mark, text, where }) => `    ${mark} ${text.padEnd(width)}  ${where}\n`)
  return printable(`${symbol} (${kind})\n${lines.join('')}`)
}
