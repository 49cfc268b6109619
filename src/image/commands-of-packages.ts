// Commands that packages name in metadata/commands and that Skiff itself carries out. Each is loaded when it is run.
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

const card = (name: 'formatCommand' | 'installCommand' | 'verifyCommand') => async () =>
  (await import('./card/commands.ts'))[name]

/** The table: name of the command, and where its handler comes from. */
export const packageHandlers: Readonly<Record<string, () => Promise<PackageHandler>>> = {
  'virt/qemu/run': async () => (await import('./qemu/command.ts')).runCommand,
  'skiff/standard/format': card('formatCommand'),
  'skiff/standard/install': card('installCommand'),
  'skiff/standard/verify': card('verifyCommand'),
  // the board is that of the chain; these are the names that people know
  'odroid/u/install': card('installCommand'),
  'odroid/xu4/install': card('installCommand'),
  'odroid/c2/install': card('installCommand'),
  'pi/3/install': card('installCommand'),
  'pi/4/install': card('installCommand'),
  'pi/5/install': card('installCommand'),
  'virt/qemu/install': card('installCommand'),
  'generic/arm64/install': card('installCommand'),
}

export const hasHandler = (command: string): boolean => Object.hasOwn(packageHandlers, command)
