// What a registry keeps of an image: a manifest, or a list of one per platform, and the configuration. Pure.
import * as z from 'zod'
import { type Platform, platformOf } from '../../core/platform.ts'

/** The media types a manifest may have, as the Accept header takes them. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

const digestShape = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const labelsShape = z.record(z.string(), z.string()).nullish().catch(undefined)

const indexShape = z.object({
  annotations: labelsShape,
  manifests: z
    .array(
      z.object({
        digest: digestShape,
        annotations: labelsShape,
        platform: z
          .object({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
          .optional()
          .catch(undefined),
      }),
    )
    .max(1000),
})

const imageShape = z.object({ annotations: labelsShape, config: z.object({ digest: digestShape }) })

export type Labels = Readonly<Record<string, string>>

/** One image of a list. */
export interface Entry {
  readonly digest: string
  /** Undefined for what Crew does not know, and for what is no image, such as an attestation. */
  readonly platform: Platform | undefined
  readonly annotations: Labels
}

export type Manifest =
  | { readonly kind: 'list'; readonly entries: readonly Entry[]; readonly annotations: Labels }
  | { readonly kind: 'image'; readonly config: string; readonly annotations: Labels }

/** @throws Error for what is neither */
export function parseManifest(body: Buffer): Manifest {
  const content: unknown = JSON.parse(body.toString('utf8'))
  const list = indexShape.safeParse(content)
  if (list.success) {
    const entries = list.data.manifests.map(({ digest, annotations, platform }) => ({
      digest,
      annotations: annotations ?? {},
      platform: platform && platformOf(platform.os, platform.architecture, platform.variant),
    }))
    return { kind: 'list', entries, annotations: list.data.annotations ?? {} }
  }
  const image = imageShape.safeParse(content)
  if (!image.success) throw new Error('its manifest is of no known form')
  return { kind: 'image', config: image.data.config.digest, annotations: image.data.annotations ?? {} }
}

const configShape = z.object({
  os: z.string().catch(''),
  architecture: z.string().catch(''),
  variant: z.string().optional().catch(undefined),
  config: z.object({ Labels: labelsShape }).nullish().catch(undefined),
})

export interface Configuration {
  readonly platform: Platform | undefined
  readonly labels: Labels
}

/** Reads an image's configuration. @throws Error when it is none */
export function parseConfiguration(body: Buffer): Configuration {
  const { os, architecture, variant, config } = configShape.parse(JSON.parse(body.toString('utf8')))
  return { platform: platformOf(os, architecture, variant), labels: config?.Labels ?? {} }
}
