// Commands that packages name in metadata/commands and that Skiff itself carries out. Each is loaded when it is run.
import type { PackageHandler } from './package-call.ts'

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
