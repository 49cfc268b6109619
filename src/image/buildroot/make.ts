// Runs Buildroot's make: its arguments and surroundings as values, and one place that starts it.
import { createWriteStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { failure } from '../../core/errors.ts'
import { runLines } from '../../host/process/lines.ts'
import { type RunResult, run } from '../../host/process/run.ts'
import type { BuildrootTree } from './tree.ts'

/** A tree with its configuration and results. */
export interface Build {
  readonly tree: BuildrootTree
  /** O=. */
  readonly out: string
  /** Folders of external trees: ours and those of packages (buildroot_ext). */
  readonly external: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** Questions take seconds; what is longer has hung. */
const QUESTION_LIMIT = 180_000
const MOST_OUTPUT = 64 * 2 ** 20
const LINES_KEPT = 200

/** Variables that hooks, downloads and the outer world need; all else stays out of a compile. */
const PASSED =
  /^(HOME|USER|LANG|TMPDIR|SOURCE_DATE_EPOCH|SKIFF_\w+|(https?|ftp|no|all)_proxy|SSL_CERT_(FILE|DIR))$/i

/** Pure. @param root Buildroot's own tar is configured as root only when told so */
export function makeEnvironment(env: NodeJS.ProcessEnv, root: boolean): NodeJS.ProcessEnv {
  // Buildroot refuses a PATH with blanks or with the working directory in it
  const path = `${env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`
    .split(':')
    .filter((folder, index, all) => /^\/[^\s]*$/.test(folder) && all.indexOf(folder) === index)
    .join(':')
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => PASSED.test(name))),
    PATH: path,
    TERM: 'dumb',
    ...(root ? { FORCE_UNSAFE_CONFIGURE: '1' } : {}),
  }
}

/** Pure. */
export const makeArguments = ({ tree, out, external }: Build, targets: readonly string[]): string[] => [
  '-C',
  tree.path,
  `O=${out}`,
  ...(external.length > 0 ? [`BR2_EXTERNAL=${external.join(':')}`] : []),
  ...targets,
]

const environmentOf = ({ env }: Build) => makeEnvironment(env, process.getuid?.() === 0)

/**
 * Asks make something that takes seconds. A non-zero exit is a result.
 * @throws process-missing, timed-out, canceled
 */
export const ask = (build: Build, targets: readonly string[], signal: AbortSignal): Promise<RunResult> =>
  run('make', ['--no-print-directory', '-s', ...makeArguments(build, targets)], {
    env: environmentOf(build),
    signal,
    timeout: QUESTION_LIMIT,
    maxOutput: MOST_OUTPUT,
  })

/** As `ask`, but what fails throws. @throws buildroot-unfit with make's words */
export async function answer(build: Build, targets: readonly string[], signal: AbortSignal): Promise<string> {
  const { status, stdout, stderr } = await ask(build, targets, signal)
  if (status === 0) return stdout
  const words = `${stdout}\n${stderr}`.split('\n').filter((line) => /\*\*\*|error|must install/i.test(line))
  throw failure('buildroot-unfit', {
    path: build.tree.path,
    problem: `make ${targets[0] ?? ''} failed: ${(words[0] ?? stderr.trim().split('\n').at(-1) ?? '').trim()}`,
    hint: 'it needs make, gcc, g++, perl, rsync, cpio, bc, file, unzip, wget, patch and python3 on this machine',
  })
}

export interface CompileResult {
  readonly status: number | null
  /** The latest lines. */
  readonly last: readonly string[]
}

/**
 * Runs make until it ends; what it says goes into a log, line by line.
 * @param log is appended to: a compile that goes on has one log
 * @throws process-missing, canceled
 */
export async function compile(
  build: Build,
  targets: readonly string[],
  { log, line, signal }: { log: string; line: (text: string) => void; signal: AbortSignal },
): Promise<CompileResult> {
  const file = createWriteStream(log, { flags: 'a' })
  // a log that cannot be written is no reason to stop; what fills the disk stops make itself
  file.on('error', () => {})
  const last: string[] = []
  try {
    const status = await runLines('make', makeArguments(build, targets), {
      cwd: '/',
      env: environmentOf(build),
      signal,
      line: (text) => {
        file.write(`${text}\n`)
        last.push(text)
        if (last.length > LINES_KEPT) last.shift()
        line(text)
      },
    })
    return { status, last }
  } finally {
    file.end()
    await finished(file).catch(() => {})
  }
}

/** Is a package compiled to its end? */
export async function isCompiled(out: string, stamps: string | undefined): Promise<boolean> {
  if (stamps === undefined) return true
  return access(join(out, stamps, '.stamp_installed')).then(
    () => true,
    () => false,
  )
}
