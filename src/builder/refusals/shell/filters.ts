// Small programs that scripts send a name of an architecture through.
import { isKnown, known, unknown, type Value } from './value.ts'

/** What a filter makes of its input, where it is one of those in use for this and its program is simple. */
export function filtered(name: string, args: readonly Value[], input: Value): Value {
  const arch = input.arch || args.some((arg) => arg.arch)
  if (!isKnown(input) || input.text.length > 500 || !args.every(isKnown)) return unknown(arch)
  const line = args.map(({ text }) => text).join(' ')
  const text = apply(name, line, input.text)
  return text === undefined ? unknown(arch) : known(text, arch)
}

function apply(name: string, line: string, input: string): string | undefined {
  switch (name) {
    case 'cat':
    case 'head':
    case 'tail':
    case 'xargs':
      return input
    case 'awk': {
      const [, separator, field] = /^-F ?'?(\S)'? ?\{ ?print \$(NF|\d+);? ?\}$/.exec(line) ?? []
      if (separator === undefined || field === undefined) return undefined
      const fields = input.split(separator)
      return field === 'NF' ? fields.at(-1) : (fields[Number(field) - 1] ?? '')
    }
    case 'cut': {
      const [, separator] = /-d ?(\S)/.exec(line) ?? []
      const [, field] = /-f ?(\d+)(?:\s|$)/.exec(line) ?? []
      if (separator === undefined || field === undefined) return undefined
      return input.includes(separator) ? (input.split(separator)[Number(field) - 1] ?? '') : input
    }
    case 'tr':
      if (/^('?\[:upper:\]|A-Z)/.test(line)) return input.toLowerCase()
      return line.startsWith('-d ') && /^-d .$/.test(line) ? input.replaceAll(line.slice(3), '') : undefined
    case 'sed':
      return sed(line, input)
    default:
      return undefined
  }
}

/** `s/x/y/` commands whose pattern is plain text, with or without `^` and `$`. */
function sed(line: string, input: string): string | undefined {
  let text = input
  const commands = line.split(/(?:^| )-e |;\s*|^-[rE]+ /).filter((command) => command.trim() !== '')
  for (const command of commands) {
    const [, , pattern, by] = /^\s*s([/,:!|#])((?:(?!\1).)*)\1((?:(?!\1).)*)\1g?\s*$/.exec(command) ?? []
    const [, start, plain, end] = /^(\^?)([\w -]*)(\$?)$/.exec(pattern ?? '*') ?? []
    if (plain === undefined || by === undefined || /[\\&]/.test(by)) return undefined
    if (start && end) text = text === plain ? by : text
    else if (start) text = text.startsWith(plain) ? by + text.slice(plain.length) : text
    else if (end) text = text.endsWith(plain) ? text.slice(0, text.length - plain.length) + by : text
    else text = text.replace(plain, () => by)
  }
  return text
}
