// skiff run: a command of a configuration package. skiff flash: format and install, as the chain's board has them.
import { failure } from '../../core/errors.ts'
import { suggestion } from '../../core/suggest.ts'
import { runAttached } from '../../host/process/attached.ts'
import { hasHandler, packageHandlers } from '../commands-of-packages.ts'
import type { Context } from '../context.ts'
import { extensionOf } from '../packages/extension.ts'
import type { ConfigPackage } from '../packages/package.ts'
import { type Opened, openWorkspace, resolveWorkspace } from '../workspace/open.ts'
import { workspacePaths } from '../workspace/workspace.ts'
import type { ImageCommand } from './command.ts'
import { readAll } from './configs.ts'

const FORM = /^([^/]+\/[^/]+)\/([A-Za-z0-9][A-Za-z0-9_.-]*)$/

const commandsOf = (packages: readonly ConfigPackage[]) =>
  packages.flatMap(({ name, commands }) => commands.map((command) => `${name}/${command.name}`))

async function unknownCommand(opened: Opened, command: string) {
  const known = commandsOf(await readAll(opened.catalogue))
  const meant = suggestion(command, known)
  const list = known.length === 0 ? 'no package brings one' : `there are ${known.join(', ')}`
  return failure('not-found', {
    what: 'command',
    name: JSON.stringify(command.slice(0, 100)),
    hint: meant === undefined ? list : `did you mean ${meant}?`,
  })
}

/** What an extension finds in its environment; the ancestor's names. */
const environmentOf = (context: Context, opened: Opened, each: ConfigPackage): NodeJS.ProcessEnv => ({
  ...context.env,
  SKIFF_WORKSPACE: opened.name,
  SKIFF_WORKSPACE_DIR: opened.folder,
  SKIFF_FINAL_CONFIG_DIR: workspacePaths(opened.folder).config,
  SKIFF_OUTPUT_DIR: workspacePaths(opened.folder).output,
  SKIFF_CURRENT_CONF_DIR: each.path,
  SKIFF_CURRENT_CONF_NAME: each.name,
})

/**
 * Runs `namespace/package/command`. The package need not be in the chain. What it brings itself comes before what
 * Skiff has under the same name, because a whole package can be replaced.
 * @returns the exit status
 * @throws not-found, not-in-this-version, process-missing, canceled and what the command throws
 */
export async function runPackageCommand(
  context: Context,
  command: string,
  args: readonly string[],
): Promise<number> {
  const opened = await openWorkspace(context)
  const [, packageName = '', name = ''] = FORM.exec(command) ?? []
  const each = packageName === '' ? undefined : await opened.catalogue.get(packageName)
  if (!each) throw await unknownCommand(opened, command)
  const extension = await extensionOf(each, name, args)
  if (extension) {
    const { command: program, args: words, cwd } = extension
    return runAttached(program, words, {
      cwd,
      env: environmentOf(context, opened, each),
      signal: context.signal,
    })
  }
  const load = hasHandler(command) ? packageHandlers[command] : undefined
  if (!load) {
    if (each.commands.some((known) => known.name === name))
      throw failure('not-in-this-version', {
        what: `the command ${command}`,
        hint: `${each.path}/metadata/commands names it, and nothing in extensions/ or in Skiff carries it out`,
      })
    throw await unknownCommand(opened, command)
  }
  const handler = await load()
  const status = await handler({ ...context, command, args, workspace: () => resolveWorkspace(opened) })
  return status ?? 0
}

export const runCommand: ImageCommand = {
  name: 'run',
  summary: 'Runs a command of a configuration package, such as virt/qemu/run.',
  words: '<namespace>/<package>/<command> [<arguments>...]',
  count: [1, Number.POSITIVE_INFINITY],
  options: {},
  passesOn: true,
  async run({ context, words }) {
    const [command = '', ...args] = words
    return runPackageCommand(context, command, args)
  },
}

/** The command `install` of the last package in the chain that has one: the board's. */
async function installOf(opened: Opened): Promise<string> {
  const { chain } = await resolveWorkspace(opened)
  const owner = chain.packages.findLast(({ commands }) => commands.some(({ name }) => name === 'install'))
  if (owner) return `${owner.name}/install`
  throw failure('not-found', {
    what: 'a package with the command install in the chain of workspace',
    name: opened.name,
    hint: 'a card is written for a board: add its package to SKIFF_CONFIG',
  })
}

export const flashCommand: ImageCommand = {
  name: 'flash',
  summary:
    "Formats a card and installs the workspace's image on it: skiff/standard/format, then the board's install.",
  words: '[<arguments of both>...]',
  count: [0, Number.POSITIVE_INFINITY],
  options: {},
  passesOn: true,
  notes: 'The card is named by SKIFF_SD, or by the variable of the board (ODROID_SD, PI_SD).\n',
  async run({ context, words }) {
    const install = await installOf(await openWorkspace(context))
    const formatted = await runPackageCommand(context, 'skiff/standard/format', words)
    return formatted === 0 ? runPackageCommand(context, install, words) : formatted
  },
}
