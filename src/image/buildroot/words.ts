// Why a compile failed, in words for a person: from the last lines of make. Pure.
import { type CrewError, failure } from '../../core/errors.ts'
import type { BuildStep } from './progress.ts'

interface Cause {
  readonly pattern: RegExp
  readonly hint: string
}

const RESUME = 'make compile goes on there'

/** What is looked for, the most telling first. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /has wrong sha256 hash|has wrong \w+ hash|does not match|Incomplete download/i,
    hint: 'the archive was removed; make compile fetches it again. If it stays so, its address serves something else',
  },
  {
    pattern: /No hash found for/i,
    hint: 'add its hash to buildroot_patches/<package>/<package>.hash of the configuration package that asks for it',
  },
  {
    pattern:
      /unable to resolve|Could not resolve host|Temporary failure in name resolution|Connection (refused|timed out)|Network is unreachable|failed: /i,
    hint: `check the network; ${RESUME}`,
  },
  {
    pattern: /legacy/i,
    hint: 'a package asks for something this Buildroot no longer has: skiff br-check names it',
  },
  {
    pattern: /Killed|Cannot allocate memory|virtual memory exhausted/,
    hint: 'there was no memory left: fewer jobs (SKIFF_JOBS) need less',
  },
]

const FULL = /No space left on device|Disk quota exceeded/
/** Lines that say what went wrong, when nothing more telling is found. */
const ERROR = /\berror\b/i

const shorten = (text: string) => text.trim().replace(/\s+/g, ' ').slice(0, 200)

/**
 * @param last lines of make, the latest at the end
 * @param step what it was at
 * @param log path of the whole log
 */
export function explainFailure(last: readonly string[], step: BuildStep | undefined, log: string): CrewError {
  const name = step?.package || 'the image'
  const wanted = [...new Set(last.flatMap((line) => /You must install '([^']+)'/.exec(line)?.[1] ?? []))]
  if (wanted.length > 0) {
    const problem = `this machine lacks ${wanted.join(', ')}`
    const hint = 'install them; on Debian the packages have mostly the same names'
    return failure('compile-failed', { ...about(name, step), problem, hint })
  }
  const full = last.findLast((line) => FULL.test(line))
  if (full !== undefined) return failure('disk-full', { problem: `${name}: ${shorten(full)}` })
  for (const { pattern, hint } of CAUSES) {
    const line = last.findLast((each) => pattern.test(each))
    if (line !== undefined)
      return failure('compile-failed', {
        ...about(name, step),
        problem: shorten(line),
        hint: `${hint} (${log})`,
      })
  }
  // make repeats at each level that something failed; what failed stands before it
  const said = last.filter((each) => each.trim() !== '' && !/^make\b/.test(each))
  const line = said.findLast((each) => ERROR.test(each)) ?? said.at(-1) ?? last.at(-1) ?? 'it said nothing'
  return failure('compile-failed', {
    ...about(name, step),
    problem: shorten(line),
    hint: `the whole log is ${log}; ${RESUME}`,
  })
}

const about = (name: string, step: BuildStep | undefined) => ({
  package: name,
  step: step ? `while ${step.step.charAt(0).toLowerCase()}${step.step.slice(1)}` : 'at its start',
})
