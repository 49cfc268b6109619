// Fragments of all layers become one: of each symbol the last assignment stays. Pure.
import type { Assignment, FragmentKind } from './fragment.ts'
import { readFragment, writeAssignment } from './fragment.ts'

/** An assignment and where it stands. */
export interface Placed extends Assignment {
  /** Name of the package. */
  readonly layer: string
  /** From the package's folder: `kernel/usb`. */
  readonly inside: string
  readonly path: string
}

/** A layer that says otherwise than one before it. */
export interface Override {
  readonly symbol: string
  readonly before: Placed
  readonly after: Placed
}

export interface Merged {
  /** What is in force, each symbol once, in the order of these assignments: in a choice of kconfig the last one wins. */
  readonly effective: readonly Placed[]
  /** Every assignment, in order. */
  readonly all: readonly Placed[]
  readonly overrides: readonly Override[]
  /** Lines that assign nothing, as `file:line: why`. */
  readonly stray: readonly string[]
}

/** A file of one layer. */
export interface LayerText {
  readonly layer: string
  /** The package's folder; SKIFF_CONFIG_ROOT in a value stands for it. */
  readonly root: string
  readonly inside: string
  readonly path: string
  readonly text: string
}

/** A path as it stands in a string of kconfig. */
const escaped = (path: string) => path.replace(/["\\]/g, (letter) => `\\${letter}`)

export function mergeFragments(kind: FragmentKind, files: readonly LayerText[]): Merged {
  const all: Placed[] = []
  const stray: string[] = []
  for (const { layer, root, inside, path, text } of files) {
    const fragment = readFragment(kind, text)
    for (const { line, text, why } of fragment.stray) stray.push(`${path}:${line}: ${why}: ${text}`)
    for (const assignment of fragment.assignments)
      all.push({
        ...assignment,
        value: assignment.value.replaceAll('SKIFF_CONFIG_ROOT', () => escaped(root)),
        layer,
        inside,
        path,
      })
  }
  // whole symbols as keys: a longer symbol, or a string that holds one, is another thing
  const last = new Map<string, Placed>()
  const overrides: Override[] = []
  for (const after of all) {
    const before = last.get(after.symbol)
    if (before && before.layer !== after.layer && before.value !== after.value)
      overrides.push({ symbol: after.symbol, before, after })
    // deleted first, so that it moves to the end
    last.delete(after.symbol)
    last.set(after.symbol, after)
  }
  return { effective: [...last.values()], all, overrides, stray }
}

/** The merged fragment as kconfig reads it; a remark says of each run of lines where it comes from. */
export function writeFragment(effective: readonly Placed[]): string {
  const lines: string[] = []
  let source = ''
  for (const assignment of effective) {
    const next = `${assignment.layer}: ${assignment.inside}`
    if (next !== source) lines.push(`${lines.length === 0 ? '' : '\n'}# from ${next}`)
    source = next
    lines.push(writeAssignment(assignment))
  }
  return lines.map((line) => `${line}\n`).join('')
}
