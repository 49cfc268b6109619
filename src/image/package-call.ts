// One run of a command of a package, and what carries it out.
import type { Context } from './context.ts'
import type { Workspace } from './workspace/workspace.ts'

/** One run of `skiff run <namespace>/<package>/<command>`. */
export interface PackageCall extends Context {
  /** `odroid/u/install`: one handler may serve several commands. */
  readonly command: string
  readonly args: readonly string[]
  /** The workspace with its chain. @throws workspace-unconfigured and what else opening one throws */
  readonly workspace: () => Promise<Workspace>
}

/** @returns the exit status; nothing is 0 */
export type PackageHandler = (call: PackageCall) => Promise<number | undefined>
