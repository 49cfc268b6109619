// What a registry wants to see before it answers: the header WWW-Authenticate (RFC 9110, section 11.6.1). Pure.

export interface Challenge {
  /** Lowercase: `bearer`, `basic`. */
  readonly scheme: string
  /** By lowercase name. */
  readonly parameters: ReadonlyMap<string, string>
}

const LONGEST = 4096
const SCHEME = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?=$|[\s,])/y
const PARAMETER = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y

/** Reads the challenges of a header, in their order; what cannot be read ends the reading. */
export function parseChallenges(header: string): Challenge[] {
  const found: Challenge[] = []
  if (header.length > LONGEST) return found
  for (let at = 0; at < header.length; ) {
    SCHEME.lastIndex = at
    const scheme = SCHEME.exec(header)?.[1]
    if (scheme === undefined) break
    const parameters = new Map<string, string>()
    found.push({ scheme: scheme.toLowerCase(), parameters })
    PARAMETER.lastIndex = SCHEME.lastIndex
    at = SCHEME.lastIndex
    for (let match = PARAMETER.exec(header); match; match = PARAMETER.exec(header)) {
      const [, name = '', inQuotes, bare = ''] = match
      parameters.set(name.toLowerCase(), inQuotes?.replace(/\\(.)/g, '$1') ?? bare)
      at = PARAMETER.lastIndex
    }
  }
  return found
}
