// Patterns of paths, as the lists of an image have them.

/**
 * A pattern of paths as a regular expression: `*` stays within a name, `**` does not, `?` before it means that
 * nothing need fit, `{a,b}` is one of them. Pure.
 */
export function patternOf(pattern: string): RegExp {
  const source = pattern
    .replace(/^\?/, '')
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\{([^{}]*)\}/g, (_, choices: string) => `(${choices.replaceAll(',', '|')})`)
    .replace(/\*\*|\*|\?/g, (word) => ({ '**': '.*', '*': '[^/]*', '?': '[^/]' })[word] ?? '')
  return new RegExp(`^${source}$`)
}
