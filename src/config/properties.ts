// Settings of one app: `<group>:set <app> <property> [value]`, an empty value goes back to the default.
// One table, from which the commands, their reports and the docs come.
import { builderAddress, parseBuilderHost } from '../core/builder-host.ts'
import { failure } from '../core/errors.ts'
import { type Platform, parsePlatform } from '../core/platform.ts'
import type { Settings } from './settings.ts'
import { settingsTable } from './settings-table.ts'

interface Property<T> {
  readonly doc: string
  /** Checks a value as a user wrote it. @throws value-invalid */
  readonly parse: (text: string) => T
  /** The value when the app says nothing. */
  readonly fallback: (settings: Settings) => T
}

const property = <T>(
  doc: string,
  parse: (text: string) => T,
  fallback: (settings: Settings) => T,
): Property<T> => ({ doc, parse, fallback })

function parseBranch(text: string): string {
  // git-check-ref-format(1), the part of it a branch name can meet on a command line
  if (/^(?![-./])(?!.*(\.\.|\/\/|@\{|\.lock$|\/\.|[/.]$))[^\s~^:?*[\\\p{Cc}]{1,200}$/u.test(text)) return text
  throw failure('value-invalid', {
    what: 'branch',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'a branch name as git allows it, such as main',
  })
}

function parseTreePath(text: string): string {
  const parts = text.split('/')
  if (
    text !== '' &&
    text.length <= 500 &&
    !parts.some((part) => part === '' || part === '..' || part === '.')
  )
    return text
  throw failure('value-invalid', {
    what: 'path',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'a path inside the repository, such as docker/Dockerfile',
  })
}

/** Properties by group. The key in the store is `<group>.<property>`. */
export const propertiesTable = {
  'apps.platform': property<Platform | undefined>(
    'What the app is built for and runs as, such as linux/arm64; unset: what the engine is.',
    parsePlatform,
    () => undefined,
  ),
  'builder.host': property<string | undefined>(
    'Another machine whose Docker engine builds, as ssh://user@host; unset: this one builds.',
    (text) => builderAddress(parseBuilderHost(text)),
    () => undefined,
  ),
  'builder.scratch': property(
    'A base image that nobody publishes for the platform is made here (auto), only its plan is shown (plan), or the push is refused (off).',
    settingsTable.scratch.kind.parse,
    (s) => s.scratch,
  ),
  'builder.substitutes': property(
    'Whether another image may stand in for one that cannot be made: on or off.',
    settingsTable['scratch-substitutes'].kind.parse,
    (s) => s['scratch-substitutes'],
  ),
  'git.deploy-branch': property('Branch whose push deploys; unset: master or main.', parseBranch, () => ''),
  'builder-dockerfile.dockerfile-path': property(
    'Path of the Dockerfile in the repository.',
    parseTreePath,
    () => 'Dockerfile',
  ),
  'checks.attempts': property(
    'Health checks until a container counts as failed.',
    settingsTable['check-attempts'].kind.parse,
    (s) => s['check-attempts'],
  ),
  'checks.timeout': property(
    'How long one health check may take.',
    settingsTable['check-timeout'].kind.parse,
    (s) => s['check-timeout'],
  ),
  'checks.wait': property(
    'Time between two health checks.',
    settingsTable['check-wait'].kind.parse,
    (s) => s['check-wait'],
  ),
  'checks.uptime': property(
    'A container without any check is healthy when it has stayed up this long.',
    settingsTable['check-uptime'].kind.parse,
    (s) => s['check-uptime'],
  ),
  'checks.drain': property(
    'How long the requests under way on an old container may take after a swap.',
    settingsTable['drain-timeout'].kind.parse,
    (s) => s['drain-timeout'],
  ),
  'ps.stop-timeout': property(
    'Time from SIGTERM to SIGKILL.',
    settingsTable['stop-timeout'].kind.parse,
    (s) => s['stop-timeout'],
  ),
  'resource.memory': property(
    'Memory a container may use, such as 256m, or none.',
    settingsTable['container-memory'].kind.parse,
    (s) => s['container-memory'],
  ),
  'resource.cpu': property(
    'Processors a container may use, such as 0.5, or none.',
    settingsTable['container-cpus'].kind.parse,
    (s) => s['container-cpus'],
  ),
} as const satisfies Record<string, Property<unknown>>

export type PropertyName = keyof typeof propertiesTable
export type Properties = {
  readonly [N in PropertyName]: (typeof propertiesTable)[N] extends Property<infer T> ? T : never
}

export const propertyNames = Object.keys(propertiesTable) as PropertyName[]
export const isProperty = (name: string): name is PropertyName => Object.hasOwn(propertiesTable, name)

/** Every property of an app: what was set for it, else the default that the settings give. */
export function resolveProperties(stored: Readonly<Record<string, string>>, settings: Settings): Properties {
  const values: Record<string, unknown> = {}
  for (const name of propertyNames) {
    const own = stored[name]
    values[name] =
      own === undefined ? propertiesTable[name].fallback(settings) : propertiesTable[name].parse(own)
  }
  return values as Properties
}
