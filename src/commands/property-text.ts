// Values of properties as text: the way back of config/properties.ts. Pure.
import type { Properties, PropertyName } from '../config/properties.ts'

/** `250ms`, `30s`: milliseconds as the same property reads them. */
const writeDuration = (milliseconds: number) =>
  milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`

/** `256m`: bytes as the same property reads them. */
function writeSize(bytes: number | null): string {
  if (bytes === null) return 'none'
  for (const [unit, size] of [
    ['g', 2 ** 30],
    ['m', 2 ** 20],
    ['k', 2 ** 10],
  ] as const)
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  return String(bytes)
}

const writers: { readonly [N in PropertyName]: (value: Properties[N]) => string } = {
  'apps.platform': (platform) => platform ?? 'that of the engine',
  'builder.host': (host) => host ?? 'this machine',
  'builder.scratch': String,
  'builder.substitutes': String,
  'git.deploy-branch': (branch) => branch || 'master or main',
  'builder-dockerfile.dockerfile-path': String,
  'checks.attempts': String,
  'checks.timeout': writeDuration,
  'checks.wait': writeDuration,
  'checks.uptime': writeDuration,
  'checks.drain': writeDuration,
  'ps.stop-timeout': writeDuration,
  'resource.memory': writeSize,
  'resource.cpu': (cpus) => (cpus === null ? 'none' : String(cpus)),
}

/** A value as a user would write it, so that it can be given to `<group>:set` again. */
export const written = <N extends PropertyName>(name: N, values: Properties) => writers[name](values[name])
