// The pages of docs/ that come from tables in src, as text by file name.
import { commandsMarkdown } from '../src/commands/markdown.ts'
import { propertiesTable } from '../src/config/properties.ts'
import { settingNames, variableOf } from '../src/config/settings.ts'
import { settingsTable } from '../src/config/settings-table.ts'

const FROM_TABLES = '<!-- Written by `make docs` from the tables in src; a change here is lost. -->'

/** A Markdown table with its columns lined up, as Biome wants it. */
function table(head: readonly string[], rows: readonly string[][]): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const rule = widths.map((width) => '-'.repeat(width))
  const [first = [], ...rest] = lines
  return [first, rule, ...rest]
    .map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n')
}

/** Prose as Markdown: `<app>` is no HTML. */
const text = (prose: string) => prose.replaceAll('<', '\\<')

/** The default as the reader's machine may have it, where it depends on the machine. */
const defaultOf = (name: (typeof settingNames)[number]) =>
  name === 'build-concurrency' ? 'half the processors' : `\`${settingsTable[name].default}\``

function settingsPage(): string {
  const settings = settingNames.map((name) => [
    `\`${name}\``,
    settingsTable[name].kind.name,
    defaultOf(name),
    text(settingsTable[name].doc),
  ])
  const properties = Object.entries(propertiesTable).map(([name, { doc }]) => {
    const [group = '', property = ''] = name.split('.')
    return [`\`${group}:set <app> ${property}\``, text(doc)]
  })
  return `${FROM_TABLES}

# Settings

Each setting has a flag of \`crew serve\` (\`--ssh-port 2022\`), an environment variable (\`${variableOf('ssh-port')}=2022\`)
and a line in \`<root>/settings.conf\` (\`ssh-port = 2022\`). The flag wins over the variable, the variable over the
file, the file over the default. \`DOCKER_HOST\` counts as \`engine-host\` when nothing else names that.

A size is a number of bytes, or one with \`k\`, \`m\`, \`g\`; a duration is a number with \`ms\`, \`s\`, \`m\`, \`h\`.

${table(['Setting', 'Value', 'Default', 'Meaning'], settings)}

# Settings of one app

Without a value, the command goes back to the default.

${table(['Command', 'Meaning'], properties)}
`
}

/** Every generated page: file name below the repository -> its whole text. */
export const pages = (): Record<string, string> => ({
  'docs/settings.md': settingsPage(),
  'docs/commands.md': commandsMarkdown(),
})
