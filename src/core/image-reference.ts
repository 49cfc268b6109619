// Names of images, as Docker reads them: registry, repository, tag, digest.
import { failure } from './errors.ts'

export interface ImageReference {
  /** `docker.io` where none is written. */
  readonly registry: string
  /** Without the registry; official images are in `library/`. */
  readonly repository: string
  /** Null when only a digest is given; else `latest` where none is written. */
  readonly tag: string | null
  /** `sha256:…` */
  readonly digest: string | null
}

export const DOCKER_HUB = 'docker.io'
const OFFICIAL = 'library/'

// distribution/reference: host with port, lowercase path, tag, digest
const REFERENCE =
  /^(?:(?<registry>(?:(?!-)[A-Za-z0-9-]+(?<!-)\.)*(?!-)[A-Za-z0-9-]+(?<!-)(?::\d+)?|\[[0-9A-Fa-f:]+\](?::\d+)?)\/)?(?<path>[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/

/** A first part is a registry when it could not be part of a path on Docker Hub. */
const isRegistry = (part: string) => /[.:A-Z]/.test(part) || part === 'localhost'

/** @returns undefined for what is no name of an image */
export function findImageReference(text: string): ImageReference | undefined {
  const match = text.length > 500 ? undefined : REFERENCE.exec(text)?.groups
  if (!match) return undefined
  const { path = '', tag, digest } = match
  const first = match.registry
  const named = first !== undefined && isRegistry(first)
  const registry = named && first !== 'index.docker.io' ? first : DOCKER_HUB
  const whole = first === undefined || named ? path : `${first}/${path}`
  const repository = registry === DOCKER_HUB && !whole.includes('/') ? OFFICIAL + whole : whole
  return { registry, repository, tag: tag ?? (digest ? null : 'latest'), digest: digest ?? null }
}

/** @throws value-invalid */
export function parseImageReference(text: string): ImageReference {
  const found = findImageReference(text)
  if (found) return found
  throw failure('value-invalid', {
    what: 'image name',
    value: JSON.stringify(text.slice(0, 120)),
    rule: 'an image is <registry>/<repository>:<tag>, such as node:24-alpine',
  })
}

/** Name of an official image (`node`), undefined for any other. */
export const officialName = ({ registry, repository }: ImageReference): string | undefined =>
  registry === DOCKER_HUB && repository.startsWith(OFFICIAL) ? repository.slice(OFFICIAL.length) : undefined

/** The repository as people write it: `node`, `owner/name`, `registry.example.org/name`. */
export const familiarRepository = (reference: ImageReference): string =>
  reference.registry === DOCKER_HUB
    ? (officialName(reference) ?? reference.repository)
    : `${reference.registry}/${reference.repository}`

/** As people write it, the tag always there: `node:latest`. */
export const familiar = (reference: ImageReference): string =>
  familiarRepository(reference) +
  (reference.tag === null ? '' : `:${reference.tag}`) +
  (reference.digest === null ? '' : `@${reference.digest}`)
