// .dockerignore: which files of a tree a build does not get.
//
// A matcher of our own: @balena/dockerignore (1.0.2) turns patterns into regular expressions that can take
// exponential time (a pushed file must not stop the daemon), throws on `c++`, keeps every path it was asked
// for, and takes a file named `constructor` for known. The rules are those of moby/patternmatcher, which the
// Docker CLI and BuildKit use; where these two differ (`!**/x` inside an ignored folder) ours are BuildKit's,
// which are the documented ones.
import { posix } from 'node:path'
import { failure } from '../core/errors.ts'
import { compileGlob, type Glob } from './glob.ts'

interface Rule {
  readonly pattern: string
  /** Begins with `!`: what matches is sent after all. */
  readonly exception: boolean
  readonly glob: Glob
}

const MOST_RULES = 1000

/** As moby's dockerignore.ReadAll and patternmatcher.New read it. @throws build-failed naming the line */
function parseRules(text: string, file: string): Rule[] {
  const rules: Rule[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) continue
    const written = line.trim()
    const exception = written.startsWith('!')
    const rest = exception ? written.slice(1).trim() : written
    if (rest === '') continue
    const cleaned = posix.normalize(rest).replace(/(?<=.)\/$/, '')
    const pattern = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned
    const glob = compileGlob(pattern)
    if (typeof glob === 'string')
      throw failure('build-failed', { problem: `${file} line ${index + 1}: ${glob}` })
    rules.push({ pattern, exception, glob })
  }
  if (rules.length > MOST_RULES)
    throw failure('build-failed', { problem: `${file} has more than ${MOST_RULES} patterns` })
  return rules
}

/** The patterns of one file, asked path by path. */
export class Dockerignore {
  readonly #rules: readonly Rule[]
  /** Which rules match the folder that was asked about last, or one above it; its content comes in a row. */
  #folder: { path: string; matched: boolean[] } = { path: '', matched: [] }

  /**
   * @param file its name, for messages
   * @param always paths that are sent whatever it says: the Dockerfile and itself, as the Docker CLI has it
   */
  constructor(text: string, file: string, always: readonly string[]) {
    const exceptions = always.map(
      (path): Rule => ({ pattern: path, exception: true, glob: (p) => p === path }),
    )
    this.#rules = [...parseRules(text, file), ...exceptions]
  }

  /** What becomes of a path. The last rule that matches it, or a folder it is in, decides. */
  select(path: string): 'send' | 'omit' | 'look-inside' {
    if (!this.#judge(path, this.#matchedFolder(posix.dirname(path))).ignored) return 'send'
    return this.#rules.some((rule) => rule.exception && mayMatchInside(rule.pattern, path))
      ? 'look-inside'
      : 'omit'
  }

  /**
   * @param above which rules matched the folder it is in
   * As in moby, a rule that would change nothing is not tried and counts as no match, for what is inside too:
   * `src/deep`, `!src` leaves src/deep out.
   */
  #judge(path: string, above: readonly boolean[]): { ignored: boolean; matched: boolean[] } {
    let ignored = false
    const matched = this.#rules.map(({ exception, glob }, index) => {
      const match = above[index] || (exception === ignored && glob(path))
      if (match) ignored = !exception
      return match
    })
    return { ignored, matched }
  }

  #matchedFolder(path: string): readonly boolean[] {
    if (path === '.') return []
    if (this.#folder.path !== path) {
      const { matched } = this.#judge(path, this.#matchedFolder(posix.dirname(path)))
      this.#folder = { path, matched }
    }
    return this.#folder.matched
  }
}

/** Whether a pattern could match something below a folder: compared up to its first wildcard. */
function mayMatchInside(pattern: string, folder: string): boolean {
  const wildcard = pattern.search(/[*?[\\]/)
  if (wildcard < 0) return pattern.startsWith(`${folder}/`)
  const literal = pattern.slice(0, wildcard)
  return `${folder}/`.startsWith(literal) || literal.startsWith(`${folder}/`)
}
