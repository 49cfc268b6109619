// Who somebody is to a registry, and what a registry is called.
import { failure } from '../../core/errors.ts'
import { DOCKER_HUB } from '../../core/image-reference.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** How a registry may be spoken to. */
export interface RegistryAccess {
  readonly credentials?: Credentials | undefined
  /** Registries without TLS, as the setting registry-insecure has them: `host` or `host:port`. */
  readonly insecure?: readonly string[]
}

/** Every name that people and their docker configuration have for Docker Hub. */
const HUB_NAMES = new Set([
  DOCKER_HUB,
  `index.${DOCKER_HUB}`,
  `registry-1.${DOCKER_HUB}`,
  'hub.docker.com',
  'registry.hub.docker.com',
])

const SERVER =
  /^(?:https?:\/\/)?(?<host>(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?)(?:\/|\/v[12]\/?)?$/

/**
 * The name of a registry as image references have it: `docker.io`, `registry.example.org:5000`. The forms that
 * docker's own configuration keeps (`https://index.docker.io/v1/`) are understood.
 * @throws value-invalid
 */
export function parseServer(text: string): string {
  const host = text.length > 260 ? undefined : SERVER.exec(text.trim().toLowerCase())?.groups?.host
  if (host === undefined)
    throw failure('value-invalid', {
      what: 'registry',
      value: JSON.stringify(text.slice(0, 80)),
      rule: 'a registry is a host, with its port if need be, such as docker.io or registry.example.org:5000',
    })
  return HUB_NAMES.has(host) ? DOCKER_HUB : host
}
