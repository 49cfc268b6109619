// The machine that builds for this one: how people write it, and nothing that ssh or a shell could take amiss.
import { failure } from './errors.ts'

export interface BuilderHost {
  /** Null where ssh's configuration, or the name of who runs Crew, says it. */
  readonly user: string | null
  /** A name, an alias of ssh's configuration, or an address; IPv6 without its brackets. */
  readonly host: string
  readonly port: number | null
}

// neither part begins with a dash, which ssh would read as an option
const ADDRESS =
  /^ssh:\/\/(?:(?<user>[A-Za-z0-9_][A-Za-z0-9._-]{0,63})@)?(?:(?<name>[A-Za-z0-9_][A-Za-z0-9._-]{0,252})|\[(?<ipv6>[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,15})?)\])(?::(?<port>\d{1,5}))?\/?$/

/** Reads `ssh://pc`, `ssh://me@pc.local:2222`. @throws value-invalid */
export function parseBuilderHost(text: string): BuilderHost {
  const match = ADDRESS.exec(text.trim())?.groups
  const host = match?.name ?? match?.ipv6
  const port = match?.port === undefined ? null : Number(match.port)
  if (match && host !== undefined && (port === null || (port > 0 && port < 65_536)))
    return { user: match.user ?? null, host, port }
  throw failure('value-invalid', {
    what: 'builder host',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'ssh://<user>@<host>:<port>, such as ssh://pc or ssh://me@pc.local:2222',
  })
}

/** What `ssh` is given: `me@pc`. */
export const sshDestination = ({ user, host }: BuilderHost): string =>
  user === null ? host : `${user}@${host}`

/** The address in its normal form; `parseBuilderHost` reads it. */
export const builderAddress = (builder: BuilderHost): string => {
  const host = builder.host.includes(':') ? `[${builder.host}]` : builder.host
  const user = builder.user === null ? '' : `${builder.user}@`
  return `ssh://${user}${host}${builder.port === null ? '' : `:${builder.port}`}`
}
