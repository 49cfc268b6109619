// What Buildroot says of the packages of a configuration (make show-info), parsed.
import * as z from 'zod'

const entry = z.object({
  type: z.enum(['target', 'host', 'rootfs']).catch('target'),
  name: z.string().optional(),
  virtual: z.boolean().optional(),
  version: z.string().optional(),
  provides: z.array(z.string()).default([]),
  stamp_dir: z.string().optional(),
  dependencies: z.array(z.string()).default([]),
  reverse_dependencies: z.array(z.string()).default([]),
})

export interface PackageInfo {
  readonly name: string
  readonly kind: 'target' | 'host' | 'rootfs'
  /** Empty where it has none. */
  readonly version: string
  readonly virtual: boolean
  readonly provides: readonly string[]
  /** From O=; undefined for those that are not compiled. */
  readonly stamps: string | undefined
  readonly dependencies: readonly string[]
  readonly neededBy: readonly string[]
}

export type PackageInfos = ReadonlyMap<string, PackageInfo>

/** @param text what make wrote, a line of JSON among possible others @throws ZodError, SyntaxError */
export function parsePackageInfo(text: string): PackageInfos {
  const json = text.slice(Math.max(0, text.search(/^\s*\{/m)))
  const found = z.record(z.string(), entry).parse(JSON.parse(json))
  return new Map(
    Object.entries(found).map(([name, each]) => [
      name,
      {
        name,
        kind: name.startsWith('host-') ? 'host' : each.type,
        version: each.version ?? '',
        virtual: each.virtual ?? false,
        provides: each.provides,
        stamps: each.stamp_dir,
        dependencies: each.dependencies,
        neededBy: each.reverse_dependencies,
      },
    ]),
  )
}
