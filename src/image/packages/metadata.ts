// metadata/ of a package: description, dependencies, commands, unlisted. Pure.
import { failure } from '../../core/errors.ts'
import type { PackageCommand } from './package.ts'
import { isPackageName, NAME_RULE } from './package.ts'

/** Lines without comments (`#`) and blanks around, each with its number. */
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'))

/** Names in a list that blanks or commas separate, each once. */
export const splitNames = (text: string): string[] => [
  ...new Set(text.split(/[\s,]+/).filter((name) => name !== '')),
]

/** The first line that says something. */
export const parseDescription = (text: string): string => linesOf(text)[0]?.text ?? ''

/** @param file how messages name the text @throws package-invalid */
export function parseDependencies(text: string, file: string): string[] {
  const names = linesOf(text).flatMap((line) => splitNames(line.text).map((name) => ({ name, line })))
  for (const { name, line } of names) {
    if (!isPackageName(name))
      throw failure('package-invalid', {
        file: `${file}:${line.number}`,
        problem: `${JSON.stringify(name)} is no package: ${NAME_RULE}`,
      })
  }
  return [...new Set(names.map(({ name }) => name))]
}

const COMMAND = /^([A-Za-z0-9][A-Za-z0-9_.-]*)(?:\s+(.*))?$/

/** One command a line: its name, then what it does. @throws package-invalid */
export function parseCommands(text: string, file: string): PackageCommand[] {
  return linesOf(text).map((line) => {
    const [, name, words = ''] = COMMAND.exec(line.text) ?? []
    if (name !== undefined) return { name, text: words }
    throw failure('package-invalid', {
      file: `${file}:${line.number}`,
      problem: 'a line is the name of a command and what it does',
    })
  })
}
