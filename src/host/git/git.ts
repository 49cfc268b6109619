// Runs one git command on a repository to its end.
import { type RunOptions, type RunResult, run, runOrThrow } from '../process/run.ts'
import { gitEnvironment } from './environment.ts'
import type { GitObjects } from './objects.ts'

/** `env` is added to git's clean environment. */
export interface GitOptions extends Omit<RunOptions, 'env'> {
  readonly env?: Readonly<Record<string, string>>
}

// An explicit --git-dir is taken at its word: no ownership check (safe.directory), no search upwards.
const argumentsFor = ({ repository }: GitObjects, args: readonly string[]) => [
  `--git-dir=${repository}`,
  ...args,
]

const optionsFor = ({ quarantine }: GitObjects, options: GitOptions): RunOptions => ({
  ...options,
  env: gitEnvironment({ ...quarantine, ...options.env }),
})

/** Runs git. A non-zero exit is a result. @throws process-missing, timed-out, canceled */
export function git(
  objects: GitObjects,
  args: readonly string[],
  options: GitOptions = {},
): Promise<RunResult> {
  return run('git', argumentsFor(objects, args), optionsFor(objects, options))
}

/** As `git`, but a non-zero exit throws process-failed. @returns stdout */
export async function gitOrThrow(
  objects: GitObjects,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  return runOrThrow('git', argumentsFor(objects, args), optionsFor(objects, options))
}
