// Where a compile stands: read off Buildroot's own lines, with an estimate from how long it took before. Pure.
import { formatDuration } from '../../core/units.ts'

/** `>>> linux 7.1.9 Building`; of steps that belong to no package the name is empty. */
export interface BuildStep {
  readonly package: string
  readonly version: string
  readonly step: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: make writes the line in reverse video on a terminal
const ESCAPES = /\u001b\[[0-9;]*[A-Za-z]|\u001b\([A-Z]|\u000f/g

/** @returns undefined for any other line */
export function readStep(line: string): BuildStep | undefined {
  const text = line.replace(ESCAPES, '')
  const [, name = '', version = '', step] = /^>>> (\S+) (\S*) (\S.*)$/.exec(text) ?? []
  if (step !== undefined) return { package: name, version, step: step.trim() }
  const general = /^>>>\s+(\S.*)$/.exec(text)?.[1]
  return general === undefined ? undefined : { package: '', version: '', step: general.trim() }
}

/** Milliseconds that each package took when it was last compiled. */
export type Times = ReadonlyMap<string, number>

/** Fewer known times than this share of the packages make no estimate. */
const LEAST_KNOWN = 0.5

export class Progress {
  readonly #waiting: Set<string>
  readonly #times: Times
  readonly #total: number
  #current = ''
  #since = 0
  #installing = false
  #clock: () => number

  /**
   * @param todo packages that are not compiled yet
   * @param times of earlier compiles
   * @param clock milliseconds
   */
  constructor(todo: readonly string[], times: Times, clock: () => number) {
    this.#waiting = new Set(todo)
    this.#total = todo.length
    this.#times = times
    this.#clock = clock
  }

  /**
   * Takes a line of make.
   * @returns a line for people when another package or a long step begins
   */
  take(line: string): string | undefined {
    const read = readStep(line)
    if (!read) return undefined
    const { package: name, version, step } = read
    const other = name !== this.#current
    if (other) {
      // a package is done with its last installing; before that, make goes to what it needs and comes back
      if (this.#installing) this.#waiting.delete(this.#current)
      this.#current = name
      this.#since = this.#clock()
    }
    this.#installing = /^Installing/.test(step)
    if (name === '') return step
    if (!other && !/^(Building|Downloading)/.test(step)) return undefined
    const place = `[${this.#total - this.#waiting.size + (this.#waiting.has(name) ? 1 : 0)} of ${this.#total}]`
    const verb = `${step.charAt(0).toLowerCase()}${step.slice(1)}`
    return [`${place} ${name}${version === '' ? '' : ` ${version}`}: ${verb}`, ...this.#left()].join(', ')
  }

  /** About how long the rest takes. @returns undefined when too little is known of it */
  left(): number | undefined {
    const known = [...this.#waiting].flatMap((name) => this.#times.get(name) ?? [])
    if (this.#waiting.size === 0) return 0
    if (known.length < this.#waiting.size * LEAST_KNOWN) return undefined
    const middle = known.toSorted((a, b) => a - b)[Math.floor(known.length / 2)] ?? 0
    const sum = known.reduce((all, each) => all + each, 0) + middle * (this.#waiting.size - known.length)
    const spent = Math.min(this.#clock() - this.#since, this.#times.get(this.#current) ?? 0)
    return Math.max(0, sum - (this.#waiting.has(this.#current) ? spent : 0))
  }

  #left(): string[] {
    const left = this.left()
    return left === undefined || left < 1000 ? [] : [`about ${formatDuration(left)} left`]
  }
}
