// Variables in a Dockerfile's instructions: `$x`, `${x}`, `${x:-otherwise}`, `${x:+instead}`, `\$` as it stands.

const VARIABLE = /\\(.)|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-+])([^{}]*))?\})/g

/** As Docker's reference describes "Environment replacement". A variable without a value is empty. */
export function substitute(text: string, variables: ReadonlyMap<string, string>): string {
  return text
    .replace(/^(["'])(.*)\1$/, '$2')
    .replace(
      VARIABLE,
      (_, escaped?: string, plain?: string, braced?: string, operator?: string, word = '') => {
        if (escaped !== undefined) return escaped
        const value = variables.get(plain ?? braced ?? '')
        const there = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
        if (operator?.endsWith('-')) return there ? (value ?? '') : word
        if (operator?.endsWith('+')) return there ? word : ''
        return value ?? ''
      },
    )
}
