// docs/commands.md, out of the table. Pure.
import { usageOf } from './arguments.ts'
import type { Command } from './command.ts'
import { groupOf } from './help.ts'
import { commands } from './table.ts'

const item = (name: string, doc: string) => `- \`${name}\`: ${doc.replaceAll('<', '\\<')}`

function section(command: Command): string {
  const { aliases = [], summary, options, access } = command
  const notes = [
    ...(aliases.length === 0 ? [] : [`Also called ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`]),
    ...(access === 'local-only' ? ['Works on the machine itself only.'] : []),
  ]
  const items = [
    ...command.arguments.map(({ name, doc }) => item(`<${name}>`, doc)),
    ...Object.entries(options).map(([name, { short, placeholder, doc }]) =>
      item(
        `${short === undefined ? '' : `-${short}, `}--${name}${placeholder === undefined ? '' : ` <${placeholder}>`}`,
        doc,
      ),
    ),
  ]
  return [
    `### ${command.name}`,
    `    ${usageOf(command)}`,
    [summary.replaceAll('<', '\\<'), ...notes].join(' '),
    ...(items.length === 0 ? [] : [items.join('\n')]),
  ].join('\n\n')
}

const INTRODUCTION = `# Commands

Written by \`scripts/docs.ts\` out of src/commands; a test holds it equal.

Every command works over SSH, \`ssh -p 2222 crew@<host> apps:list\`, and on the machine itself, \`crew apps:list\`.
A status of 0 means that it happened. Errors are lines on stderr that begin with \`!\`; the status is 20 for
an app that does not exist, 2 for a command line that cannot be read, 130 for something called off, 1 for the rest.
\`--format json\` prints one line of JSON on every list and report. \`--\` ends the options. \`--help\` after a command
tells about it. ssh joins the words of a command with spaces, so a value with spaces is quoted twice:
\`ssh … config:set app 'KEY="a b"'\`; or pipe it: \`ssh … config:import app < .env\`.`

/** The whole text of docs/commands.md. */
export function commandsMarkdown(): string {
  const groups = Map.groupBy(commands, groupOf)
  const parts = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `${[
    INTRODUCTION,
    ...parts.flatMap(([group, members]) => [
      `## ${group === '' ? 'General' : group}`,
      ...members.map(section),
    ]),
  ].join('\n\n')}\n`
}
