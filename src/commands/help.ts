// Help of all commands, of a group and of one, out of the table. Pure, but for the command `help`.
import { failure } from '../core/errors.ts'
import { suggestion } from '../core/suggest.ts'
import { quoted, usageOf } from './arguments.ts'
import { type Command, declare, optional, text } from './command.ts'
import { columns, format, type Json, json } from './format.ts'

/** `config` of `config:set`; empty for a command without a group. */
export const groupOf = ({ name }: Command) => (name.includes(':') ? name.slice(0, name.indexOf(':')) : '')

export const inGroup = (commands: readonly Command[], group: string) =>
  commands.filter((command) => groupOf(command) === group)

export const findCommand = (commands: readonly Command[], name: string) =>
  commands.find((command) => command.name === name || command.aliases?.includes(name))

/** @throws command-unknown, naming what may have been meant */
export function unknownCommand(commands: readonly Command[], name: string) {
  const meant = suggestion(
    name,
    commands.flatMap((command) => [command.name, ...(command.aliases ?? [])]),
  )
  return failure('command-unknown', {
    command: quoted(name),
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}help lists the commands`,
  })
}

const listing = (commands: readonly Command[]) =>
  columns(
    commands.map((command) => [usageOf(command), command.summary]),
    '    ',
  )

export function helpText(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary])
  return [
    'usage: crew <command> [<options>] [<arguments>]\n',
    `\ncommands:\n\n${columns(rows, '    ')}`,
    '\nhelp <command> and <group>:help tell more; git push <remote> master deploys.\n',
  ].join('')
}

export const groupHelp = (commands: readonly Command[], group: string) =>
  `usage: ${group}[:<command>]\n\n${listing(inGroup(commands, group))}`

const optionRows = ({ options }: Command) =>
  Object.entries(options).map(([name, { short, placeholder, doc }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${placeholder === undefined ? '' : ` <${placeholder}>`}`,
    doc,
  ])

export function commandHelp(command: Command): string {
  const { aliases = [], summary } = command
  const section = (title: string, rows: string[][]) =>
    rows.length === 0 ? '' : `\n${title}:\n${columns(rows, '    ')}`
  return [
    `usage: ${usageOf(command)}\n\n${summary}\n`,
    section(
      'arguments',
      command.arguments.map(({ name, doc }) => [`<${name}>`, doc]),
    ),
    section('options', optionRows(command)),
    section(
      'also called',
      aliases.map((alias) => [alias]),
    ),
  ].join('')
}

/** The table as data: what a shell needs to complete a command line. */
export const commandData = (commands: readonly Command[]): Json =>
  commands.map((command) => ({
    name: command.name,
    aliases: [...(command.aliases ?? [])],
    summary: command.summary,
    usage: usageOf(command),
    arguments: command.arguments.map(({ name, doc, required, variadic }) => ({
      name,
      doc,
      required,
      variadic,
    })),
    options: Object.entries(command.options).map(([name, { doc, short, placeholder }]) => ({
      name,
      short: short ?? null,
      placeholder: placeholder ?? null,
      doc,
    })),
    access: command.access,
  }))

/** What `help <topic>` says: a command's help or a group's. @throws command-unknown */
export function helpOn(commands: readonly Command[], topic: string): string {
  // a group before a command of that name: `config` is config:show for short, and help on it is help on config:*
  if (topic !== '' && inGroup(commands, topic).length > 0) return groupHelp(commands, topic)
  const command = findCommand(commands, topic)
  if (command) return commandHelp(command)
  throw unknownCommand(commands, topic)
}

/** @param commands gives the table that the command is itself in */
export const helpCommand = (commands: () => readonly Command[]): Command =>
  declare({
    name: 'help',
    summary: 'Lists the commands, or tells all about one or about a group.',
    arguments: [optional('command', 'A command or a group, such as config:set or config.', text)],
    options: { format },
    access: 'any',
    async handler({ args, options, write }) {
      if (options.format === 'json') return await write(json(commandData(commands())))
      await write(args.command === undefined ? helpText(commands()) : helpOn(commands(), args.command))
    },
  })
