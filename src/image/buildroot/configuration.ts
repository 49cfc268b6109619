// What Buildroot is told: the merged fragments, and the lines that lead it to everything else of the layers. Pure.
import { join } from 'node:path'
import type { FolderKind, LayerPath, Layers } from '../layers/layers.ts'
import { writeFragment } from '../layers/merge.ts'

export interface Places {
  /** Of the assembler in the workspace. */
  readonly folder: string
  /** Where the merged fragments are written to; src/image/workspace/written.ts. */
  readonly config: string
  /** Shared by all workspaces. */
  readonly downloads: string
  readonly jobs: number
}

/** The names below the assembler's folder. */
export const buildrootPaths = (folder: string) => ({
  defconfig: join(folder, 'defconfig'),
  hooks: join(folder, 'hooks'),
  /** Buildroot's own folder, O=. */
  out: join(folder, 'out'),
  log: join(folder, 'compile.log'),
  times: join(folder, 'times.json'),
  state: join(folder, 'state.json'),
})

/** A shell wrapper that tells a hook of which package it is; ancestors of ours rely on both variables. */
export interface HookFile {
  readonly name: string
  readonly text: string
}

type HookKind = keyof Layers['hooks']

/** Paths have passed requireFit: nothing in them means anything to a shell. */
export function hookFiles(layers: Pick<Layers, 'hooks'>, places: Pick<Places, 'folder'>): HookFile[] {
  const { out } = buildrootPaths(places.folder)
  const one = (kind: HookKind, { layer, path }: LayerPath, index: number): HookFile => ({
    name: hookName(kind, index),
    text: [
      '#!/bin/sh',
      `# Runs hooks/${kind}.sh of ${layer}.`,
      `export SKIFF_CURRENT_CONF_DIR=${join(path, '../..')} SKIFF_BUILDROOT_DIR=${out}`,
      `exec ${path} "$@"`,
      '',
    ].join('\n'),
  })
  return (['pre', 'post'] as const).flatMap((kind) =>
    layers.hooks[kind].map((hook, index) => one(kind, hook, index)),
  )
}

const hookName = (kind: HookKind, index: number) => `${kind}-${String(index).padStart(2, '0')}.sh`

/** Lists of Buildroot that packages may have entries in too: ours are added at their end. */
function listLines(layers: Layers, places: Places): [string, string[]][] {
  const { hooks } = buildrootPaths(places.folder)
  const of = (kind: FolderKind) => layers.folders[kind].map(({ path }) => path)
  const hook = (kind: HookKind) => layers.hooks[kind].map((_, index) => join(hooks, hookName(kind, index)))
  const fragment = (kind: 'kernel' | 'uboot' | 'busybox') =>
    layers.fragments[kind].effective.length > 0 ? [join(places.config, kind)] : []
  return [
    ['BR2_ROOTFS_OVERLAY', of('root_overlay')],
    ['BR2_GLOBAL_PATCH_DIR', of('buildroot_patches')],
    ['BR2_LINUX_KERNEL_PATCH', of('kernel_patches')],
    ['BR2_TARGET_UBOOT_PATCH', of('uboot_patches')],
    ['BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES', fragment('kernel')],
    ['BR2_TARGET_UBOOT_CONFIG_FRAGMENT_FILES', fragment('uboot')],
    ['BR2_PACKAGE_BUSYBOX_CONFIG_FRAGMENT_FILES', fragment('busybox')],
    ['BR2_ROOTFS_USERS_TABLES', layers.users.trim() === '' ? [] : [join(places.config, 'users')]],
    ['BR2_ROOTFS_POST_BUILD_SCRIPT', hook('pre')],
    ['BR2_ROOTFS_POST_IMAGE_SCRIPT', hook('post')],
  ]
}

/** As kconfig writes a string; what is in it has no quotes of its own, or escaped ones. */
const quoted = (text: string) => `"${text}"`
const unquoted = (value: string | undefined) => value?.replace(/^"|"$/g, '') ?? ''

/** The whole defconfig. */
export function defconfig(layers: Layers, places: Places): string {
  const { effective } = layers.fragments.buildroot
  const asked = new Map(effective.map(({ symbol, value }) => [symbol, value]))
  const lists = listLines(layers, places).flatMap(([symbol, ours]) => {
    const all = [unquoted(asked.get(symbol)), ...ours].filter((text) => text !== '')
    return ours.length === 0 ? [] : [`${symbol}=${quoted(all.join(' '))}`]
  })
  return [
    writeFragment(effective),
    '# from the other parts of the layers',
    ...lists,
    ...(layers.cflags === ''
      ? []
      : [`BR2_TARGET_OPTIMIZATION=${quoted(layers.cflags.replace(/["\\]/g, '\\$&'))}`]),
    `BR2_DL_DIR=${quoted(places.downloads)}`,
    `BR2_JLEVEL=${places.jobs}`,
    '',
  ].join('\n')
}
