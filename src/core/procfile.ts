// The Procfile: which process types a pushed tree declares.
import type { ProcessType } from './app.ts'
import { failure } from './errors.ts'

const PROCESS_TYPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
const MOST_TYPES = 64

/**
 * Reads a Procfile: one `<type>: <command>` per line, `#` lines and empty lines skipped, a later line of the
 * same type wins, as Heroku's does.
 * @throws procfile-invalid naming the line
 */
export function parseProcfile(text: string): ProcessType[] {
  const types = new Map<string, string>()
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const type = line.slice(0, colon).trim()
    const command = line.slice(colon + 1).trim()
    const bad = (problem: string) => failure('procfile-invalid', { line: index + 1, problem })
    if (colon < 0) throw bad('there is no colon')
    if (!PROCESS_TYPE.test(type)) throw bad('a process type is letters, digits, dashes and underscores')
    if (command === '') throw bad('the command is empty')
    types.set(type, command)
    if (types.size > MOST_TYPES) throw bad(`more than ${MOST_TYPES} process types`)
  }
  return [...types].map(([type, command]) => ({ type, command }))
}
