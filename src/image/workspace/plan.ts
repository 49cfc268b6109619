// What must be made anew, and why: the state that was compiled against the state now. Pure.

/** Parts of packages that show in an image. */
export const parts = [
  'buildroot',
  'kernel',
  'uboot',
  'busybox',
  'cflags',
  'users',
  'debian',
  'root_overlay',
  'hooks',
  'resources',
  'scripts',
  'kernel_patches',
  'uboot_patches',
  'buildroot_patches',
  'buildroot_ext',
] as const
export type Part = (typeof parts)[number]

/** What an assembler can make anew, the largest first. */
export const targets = [
  'everything',
  'toolchain',
  'packages',
  'kernel',
  'bootloader',
  'busybox',
  'root',
  'image',
] as const
export type Target = (typeof targets)[number]

/** A picture of all that goes into an image. */
export interface State {
  /** Of the skiff that took it. */
  readonly version: string
  /** Names of the packages in layer order. */
  readonly chain: readonly string[]
  readonly options: Readonly<Record<string, string>>
  /** A digest of what each part comes to when the layers are merged. */
  readonly effects: Readonly<Record<Part, string>>
  /** A digest of each file, as `<namespace>/<name>: <path in the package>`. */
  readonly files: Readonly<Record<string, string>>
}

export interface Step {
  readonly target: Target
  readonly reasons: readonly string[]
}

export interface Before {
  /** Of the last compile that came to its end. */
  readonly compiled?: State | undefined
  /** Of a compile that did not: what it had touched may be half made. */
  readonly attempted?: State | undefined
}

export interface Now {
  readonly state: State
  /** What is wrong with the output; undefined when it is whole. */
  readonly output?: string | undefined
}

export interface PlanRules {
  /** Parts that the assembler looks at. */
  readonly reads: readonly Part[]
  readonly targetOfOption: (name: string) => Target
}

const TARGET: Readonly<Record<Part, Target>> = {
  buildroot: 'packages',
  kernel: 'kernel',
  uboot: 'bootloader',
  busybox: 'busybox',
  cflags: 'toolchain',
  users: 'root',
  debian: 'packages',
  root_overlay: 'root',
  hooks: 'root',
  resources: 'root',
  scripts: 'root',
  kernel_patches: 'kernel',
  uboot_patches: 'bootloader',
  buildroot_patches: 'packages',
  buildroot_ext: 'packages',
}

/** More reasons of one kind than this are counted. */
const MOST_NAMED = 5

const few = (reasons: readonly string[]) =>
  reasons.length <= MOST_NAMED
    ? reasons
    : [...reasons.slice(0, MOST_NAMED), `and ${reasons.length - MOST_NAMED} files more`]

const partOf = (file: string) => /^[^:]*: ([^/]*)/.exec(file)?.[1]

/** Files of a part that differ. */
function changedFiles(before: State, now: State, part: Part): string[] {
  const names = new Set([...Object.keys(before.files), ...Object.keys(now.files)])
  return [...names]
    .filter((file) => partOf(file) === part && before.files[file] !== now.files[file])
    .toSorted()
    .map((file) => {
      const verb =
        before.files[file] === undefined ? 'is new' : now.files[file] === undefined ? 'is gone' : 'changed'
      return `${file} ${verb}`
    })
}

/** In words, what became of the chain; empty when it is the same. */
export function chainChange(before: readonly string[], now: readonly string[]): string {
  const came = now.filter((name) => !before.includes(name)).map((name) => `+${name}`)
  const went = before.filter((name) => !now.includes(name)).map((name) => `-${name}`)
  if (came.length + went.length > 0) return `the chain changed: ${[...came, ...went].join(' ')}`
  return before.join() === now.join() ? '' : `the order of the chain changed: ${now.join(',')}`
}

type Reasons = Map<Target, Set<string>>

function compare(before: State, { state: now }: Now, rules: PlanRules, reasons: Reasons): void {
  const add = (target: Target, why: readonly string[]) => {
    const known = reasons.get(target) ?? new Set()
    reasons.set(target, new Set([...known, ...why]))
  }
  if (before.version !== now.version)
    add('everything', [`it was compiled by Skiff ${before.version}, and this is ${now.version}`])
  for (const name of new Set([...Object.keys(before.options), ...Object.keys(now.options)])) {
    const [was = '', is = ''] = [before.options[name], now.options[name]]
    if (was !== is) add(rules.targetOfOption(name), [`${name} was ${was || 'empty'} and is ${is || 'empty'}`])
  }
  const chain = chainChange(before.chain, now.chain)
  for (const part of rules.reads) {
    if (before.effects[part] === now.effects[part]) continue
    const files = few(changedFiles(before, now, part))
    add(TARGET[part], [...(chain === '' ? [] : [chain]), ...(files.length > 0 ? files : [`${part} differs`])])
  }
}

/**
 * @returns steps in the order of `targets`, none when nothing changed; the last one always puts the image together
 */
export function plan(before: Before, now: Now, rules: PlanRules): Step[] {
  if (!before.compiled && !before.attempted)
    return [{ target: 'everything', reasons: ['this workspace was never compiled'] }]
  const reasons: Reasons = new Map()
  if (before.compiled) compare(before.compiled, now, rules, reasons)
  if (before.attempted) {
    compare(before.attempted, now, rules, reasons)
    const target = before.compiled ? 'image' : 'everything'
    reasons.set(target, new Set([...(reasons.get(target) ?? []), 'the last compile did not come to its end']))
  } else if (now.output !== undefined) reasons.set('image', new Set([now.output]))
  const steps = targets.flatMap((target) => {
    const found = reasons.get(target)
    return found ? [{ target, reasons: [...found] }] : []
  })
  if (steps.length === 0 || steps[0]?.target === 'everything') return steps.slice(0, 1)
  return steps.at(-1)?.target === 'image'
    ? steps
    : [...steps, { target: 'image', reasons: ['it is put together of these'] }]
}

/** Is this target, or all, among the steps? For assemblers. */
export const touches = (steps: readonly Step[], ...asked: readonly Target[]): boolean =>
  steps.some(({ target }) => target === 'everything' || asked.includes(target))
