// What a person changed in a menu of Buildroot, as a fragment that a layer can keep. Pure.
import { type Assignment, readFragment, writeAssignment } from './fragment.ts'

const valuesOf = (text: string) =>
  new Map(readFragment('buildroot', text).assignments.map(({ symbol, value }) => [symbol, value]))

/** Symbols that tell where things are on this machine. */
const OF_THE_MACHINE = /^BR2_(DEFCONFIG|DL_DIR|CCACHE_DIR|EXTERNAL(_.*)?)$/

/**
 * @param before what `savedefconfig` wrote before the menu: symbols that are not at their defaults
 * @param after the same after it
 * @param config the whole .config after it, which says what a symbol is that went back to its default
 * @param kept what earlier menus left, which stays where it was not changed again
 * @returns the fragment, empty when nothing changed and nothing was there
 */
export function menuDelta(before: string, after: string, config: string, kept: string): string {
  const [was, is, whole] = [valuesOf(before), valuesOf(after), valuesOf(config)]
  const changed: Pick<Assignment, 'symbol' | 'value'>[] = []
  for (const symbol of new Set([...was.keys(), ...is.keys()])) {
    if (was.get(symbol) === is.get(symbol) || OF_THE_MACHINE.test(symbol)) continue
    changed.push({ symbol, value: is.get(symbol) ?? whole.get(symbol) ?? 'n' })
  }
  const named = new Set(changed.map(({ symbol }) => symbol))
  const stay = readFragment('buildroot', kept).assignments.filter(({ symbol }) => !named.has(symbol))
  return [...stay, ...changed].map((each) => `${writeAssignment(each)}\n`).join('')
}
