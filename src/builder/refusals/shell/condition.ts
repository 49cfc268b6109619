// `test`, `[` and `[[` where what they compare is known.
import { matches } from './expand.ts'
import { HOLE, isKnown, type Value } from './value.ts'

export interface Verdict {
  /** Undefined where it cannot be told. */
  readonly holds: boolean | undefined
  /** The architecture decides it. */
  readonly arch: boolean
}

const UNDECIDED: Verdict = { holds: undefined, arch: false }

/** @param args without the closing bracket @param patterns whether `==` takes patterns, as in `[[` */
export function testVerdict(args: readonly Value[], patterns: boolean): Verdict {
  for (const operator of ['-o', '||'])
    if (args.some(({ text }) => text === operator))
      return combined(
        splitAt(args, operator).map((part) => testVerdict(part, patterns)),
        'some',
      )
  for (const operator of ['-a', '&&'])
    if (args.some(({ text }) => text === operator))
      return combined(
        splitAt(args, operator).map((part) => testVerdict(part, patterns)),
        'every',
      )
  const [first, second, third] = args
  if (!first) return { holds: false, arch: false }
  if (first.text === '!' && args.length > 1) {
    const { holds, arch } = testVerdict(args.slice(1), patterns)
    return { holds: holds === undefined ? undefined : !holds, arch }
  }
  if (!second) return emptiness(first, false)
  if (!third) {
    if (first.text === '-n') return emptiness(second, false)
    if (first.text === '-z') return emptiness(second, true)
    return UNDECIDED
  }
  return args.length === 3 ? comparison(first, second.text, third, patterns) : UNDECIDED
}

function splitAt(args: readonly Value[], operator: string): Value[][] {
  const parts: Value[][] = [[]]
  for (const arg of args) {
    if (arg.text === operator) parts.push([])
    else parts.at(-1)?.push(arg)
  }
  return parts
}

function combined(verdicts: readonly Verdict[], how: 'some' | 'every'): Verdict {
  const arch = verdicts.some((verdict) => verdict.arch)
  const decides = how === 'some'
  if (verdicts.some(({ holds }) => holds === decides)) return { holds: decides, arch }
  return { holds: verdicts.some(({ holds }) => holds === undefined) ? undefined : !decides, arch }
}

function emptiness({ text, arch }: Value, empty: boolean): Verdict {
  if (text === '') return { holds: empty, arch }
  return { holds: text.replaceAll(HOLE, '') === '' ? undefined : !empty, arch }
}

function comparison(left: Value, operator: string, right: Value, patterns: boolean): Verdict {
  const arch = left.arch || right.arch
  if (operator === '=' || operator === '==' || operator === '!=') {
    const pattern = isKnown(right) ? right.text.replace(patterns ? /$^/ : /[\\*?[\]]/g, '\\$&') : undefined
    const holds = matches(left, pattern)
    return { holds: holds === undefined || operator !== '!=' ? holds : !holds, arch }
  }
  const number = (value: Value) => (/^-?\d{1,15}$/.test(value.text) ? Number(value.text) : undefined)
  const [a, b] = [number(left), number(right)]
  if (a === undefined || b === undefined) return { holds: undefined, arch }
  const holds = { '-eq': a === b, '-ne': a !== b, '-lt': a < b, '-le': a <= b, '-gt': a > b, '-ge': a >= b }[
    operator
  ]
  return { holds, arch }
}
