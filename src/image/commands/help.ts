// skiff help, and what `make` shows: commands, packages, the state of the workspace.
import { failure } from '../../core/errors.ts'
import { describeError } from '../../core/report.ts'
import { suggestion } from '../../core/suggest.ts'
import { imageSettings } from '../settings.ts'
import { openWorkspace, resolveWorkspace } from '../workspace/open.ts'
import { columns, type ImageCommand, json, jsonOption, usageOf } from './command.ts'
import { packageRows, readAll } from './configs.ts'
import { statusOf, statusText } from './status.ts'

/** All about one command. Pure. */
export function commandHelp(command: ImageCommand): string {
  const options = Object.entries(command.options).map(([name, { doc, placeholder }]) => [
    `--${name}${placeholder === undefined ? '' : ` <${placeholder}>`}`,
    doc,
  ])
  return [
    `usage: ${usageOf(command)}\n\n${command.summary}\n`,
    options.length === 0 ? '' : `\noptions:\n${columns(options)}`,
    command.notes === undefined ? '' : `\n${command.notes}`,
  ].join('')
}

/** The table of commands and of settings. Pure. */
export function helpText(commands: readonly ImageCommand[]): string {
  const settings = Object.entries(imageSettings).map(([name, { doc, default: fallback }]) => [
    name,
    `${doc}${fallback === '' ? '' : ` (${fallback})`}`,
  ])
  return [
    'usage: skiff <command> [<options>] [<words>]\n',
    `\ncommands:\n${columns(commands.map(({ name, summary }) => [name, summary]))}`,
    `\nenvironment:\n${columns(settings)}`,
    '    SKIFF_CONFIG_PATH_<NS>_<NAME>  folder of the package <ns>/<name>, before all others\n',
    '\nskiff help <command> tells more; docs/skiff.md tells all.\n',
  ].join('')
}

/** @throws command-unknown */
export function findCommand(commands: readonly ImageCommand[], name: string): ImageCommand {
  const found = commands.find((command) => command.name === name)
  if (found) return found
  const meant = suggestion(
    name,
    commands.map((command) => command.name),
  )
  throw failure('command-unknown', {
    command: JSON.stringify(name.slice(0, 60)),
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}skiff help lists the commands`,
  })
}

/** The table as data. */
const commandData = (commands: readonly ImageCommand[]) =>
  commands.map((command) => ({
    name: command.name,
    summary: command.summary,
    usage: usageOf(command),
    options: Object.entries(command.options).map(([name, { doc, placeholder }]) => ({
      name,
      placeholder: placeholder ?? null,
      doc,
    })),
  }))

/** @param commands gives the table that the command is itself in */
export const helpCommand = (commands: () => readonly ImageCommand[]): ImageCommand => ({
  name: 'help',
  summary: 'Lists the commands, or tells all about one.',
  words: '[<command>]',
  count: [0, 1],
  options: jsonOption,
  async run({ context, words, options }) {
    const [name] = words
    if (options.json) context.write(json(commandData(commands())))
    else context.write(name === undefined ? helpText(commands()) : commandHelp(findCommand(commands(), name)))
    return 0
  },
})

/** What `make` shows below its own targets. It never fails: what is wrong is a line of it. */
export const overviewCommand: ImageCommand = {
  name: 'overview',
  summary: "Shows packages, their commands and the workspace's state, as make does.",
  words: '',
  count: [0, 0],
  options: {},
  async run({ context }) {
    try {
      const opened = await openWorkspace(context)
      const all = await readAll(opened.catalogue)
      const shown = all.filter(({ unlisted }) => !unlisted)
      const chain = opened.asked === undefined ? [] : (await resolveWorkspace(opened)).chain.packages
      const names = chain.map(({ name }) => name)
      context.write(`\nConfiguration packages, for SKIFF_CONFIG (* in this workspace):\n`)
      context.write(columns(packageRows(shown, names), '  '))
      // cards are made for any chain
      const more = all.filter(({ name }) => name === 'skiff/standard' && !names.includes(name))
      const commands = (chain.length > 0 ? [...chain, ...more] : shown).flatMap(({ name, commands }) =>
        commands.map((command) => [`make cmd/${name}/${command.name}`, command.text]),
      )
      if (commands.length > 0) context.write(`\nCommands of packages:\n${columns(commands, '  ')}`)
      const [first = '', ...rest] = statusText(await statusOf(opened, context.signal))
      context.write(`\n${first[0]?.toUpperCase()}${first.slice(1)}\n`)
      for (const line of rest) context.write(`  ${line}\n`)
    } catch (error) {
      context.write(`\n${describeError(error).text}`)
    }
    return 0
  },
}
