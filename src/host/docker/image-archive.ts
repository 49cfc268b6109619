// An image as an archive (docker save): which files it has, and which of them an engine needs that has some layers.
import * as z from 'zod'
import { failure } from '../../core/errors.ts'

/** Archives name files by what is in them; other names are none of an image's. */
const MEMBER =
  /^(?:blobs\/sha256\/[0-9a-f]{64}|[0-9a-f]{64}\/(?:layer\.tar|json|VERSION)|[0-9a-f]{64}\.(?:json|tar)|manifest\.json|index\.json|oci-layout|repositories)$/

export const isMember = (path: string): boolean => MEMBER.test(path)

const member = z.string().refine(isMember, 'no path of an image archive')
const manifestShape = z.array(z.object({ Config: member, Layers: z.array(member) })).min(1)

/** manifest.json: of each image its configuration, and its layers from the lowest up. */
export type ArchiveManifest = z.infer<typeof manifestShape>

/** @throws engine-error */
export function parseManifest(text: string): ArchiveManifest {
  try {
    return manifestShape.parse(JSON.parse(text))
  } catch (error) {
    throw failure('engine-error', { problem: 'the archive of the image has no manifest' }, error)
  }
}

/** What is in an archive that was made and not yet sent. */
export interface ArchiveContent {
  readonly manifest: ArchiveManifest
  /** Bytes of each file; a link counts as what it leads to. */
  readonly files: ReadonlyMap<string, number>
}

/** The id of the image, as engines have it that name it by its configuration. */
export const imageId = ({ manifest }: ArchiveContent): string =>
  `sha256:${/[0-9a-f]{64}/.exec(manifest[0]?.Config ?? '')?.[0] ?? ''}`

export interface Selection {
  /** Paths in the order of the archive. */
  readonly members: readonly string[]
  readonly layersSent: number
  readonly layersKept: number
  /** Of the selected files, as they are in the archive. */
  readonly bytes: number
}

/**
 * A layer with all that is below it. Engines know a layer only so: what it holds means nothing elsewhere.
 * @param layers digests of the unpacked layers (RootFS.Layers) from the lowest up
 */
export const chainsOf = (layers: readonly string[]): string[] =>
  layers.map((_, index) => layers.slice(0, index + 1).join(' '))

/**
 * The files to send. An engine loads an archive without the layers that it has (moby/moby#18727): it looks for
 * each in its store before it looks into the archive.
 * @param layers RootFS.Layers of the image
 * @param held chains that are on the engine that gets it; null: it wants every file
 */
export function selectMembers(
  { manifest, files }: ArchiveContent,
  layers: readonly string[],
  held: ReadonlySet<string> | null,
): Selection {
  const [image, ...others] = manifest
  const paths = image?.Layers ?? []
  // an archive of several platforms: which layer is whose cannot be told from the one image
  const whole = held === null || others.length > 0 || paths.length !== layers.length
  const chains = chainsOf(layers)
  const missing = whole ? paths : paths.filter((_, index) => !held.has(chains[index] ?? ''))
  const wanted = new Set([image?.Config ?? '', 'manifest.json', ...missing])
  const members = [...files.keys()].filter((path) => whole || wanted.has(path))
  return {
    members,
    layersSent: missing.length,
    layersKept: paths.length - missing.length,
    bytes: members.reduce((sum, path) => sum + (files.get(path) ?? 0), 0),
  }
}
