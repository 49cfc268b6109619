// What the results in a workspace were made of, kept beside them, for the plan of the next compile.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { writeWhole } from '../../host/files/write.ts'
import { type FragmentKind, writeAssignment } from '../layers/fragment.ts'
import type { LayerPath, Layers } from '../layers/layers.ts'
import { treeIn } from '../layers/read.ts'
import type { Config } from './check.ts'
import type { PackageInfos } from './package-info.ts'
import type { Made } from './rebuild.ts'

const record = z.object({
  tree: z.string(),
  config: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.array(z.string())),
  overlay: z.array(z.string()),
  patches: z.record(z.string(), z.string()),
  fragments: z.record(z.string(), z.string()),
})

async function patchDigest(folders: readonly LayerPath[], inside: string): Promise<string> {
  const hash = createHash('sha256')
  let any = false
  for (const { layer, path } of folders) {
    const place = { name: layer, path: path.slice(0, -inside.length - 1) }
    for (const entry of await treeIn(place, inside)) {
      if (entry.kind !== 'file') continue
      any = true
      hash.update(`${entry.inside}\n`).update(await readFile(entry.path))
    }
  }
  return any ? hash.digest('hex') : ''
}

async function overlayPaths(layers: Layers): Promise<string[]> {
  const paths = new Set<string>()
  for (const { layer, path } of layers.folders.root_overlay) {
    const place = { name: layer, path: path.slice(0, -'/root_overlay'.length) }
    for (const { inside, kind } of await treeIn(place, 'root_overlay'))
      if (kind !== 'folder') paths.add(inside.slice('root_overlay/'.length))
  }
  return [...paths].toSorted()
}

/** What came of all layers: a changed remark is no change. */
function fragmentDigest(layers: Layers, kind: FragmentKind): string {
  const lines = layers.fragments[kind].effective.map(writeAssignment)
  return lines.length === 0 ? '' : createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** What the results will be made of. @throws package-invalid */
export async function describeMade(
  tree: string,
  config: Config,
  infos: PackageInfos,
  layers: Layers,
): Promise<Made> {
  return {
    tree,
    config,
    dependencies: new Map([...infos].map(([name, { dependencies }]) => [name, dependencies])),
    overlay: await overlayPaths(layers),
    patches: {
      linux: await patchDigest(layers.folders.kernel_patches, 'kernel_patches'),
      uboot: await patchDigest(layers.folders.uboot_patches, 'uboot_patches'),
    },
    fragments: {
      linux: fragmentDigest(layers, 'kernel'),
      uboot: fragmentDigest(layers, 'uboot'),
      busybox: fragmentDigest(layers, 'busybox'),
    },
  }
}

/** @returns undefined when there is none, or it cannot be read: then nothing is taken for made */
export async function readMade(path: string): Promise<Made | undefined> {
  try {
    const { config, dependencies, ...rest } = record.parse(JSON.parse(await readFile(path, 'utf8')))
    return {
      ...rest,
      config: new Map(Object.entries(config)),
      dependencies: new Map(Object.entries(dependencies)),
    }
  } catch {
    return undefined
  }
}

export const writeMade = (path: string, made: Made): Promise<void> =>
  writeWhole(
    path,
    `${JSON.stringify({ ...made, config: Object.fromEntries(made.config), dependencies: Object.fromEntries(made.dependencies) })}\n`,
    0o644,
  )
