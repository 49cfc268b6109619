// A small tree that looks like Buildroot to whoever looks at it, and layers to go with it.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Layers } from '../../../../src/image/layers/layers.ts'
import { type Merged, mergeFragments } from '../../../../src/image/layers/merge.ts'

export const CONFIG_IN = `mainmenu "Toy"

config BR2_HAVE
	bool "what all of it depends on"

choice
	prompt "Kernel"

config BR2_KERNEL_LATEST
	bool "Latest version"

config BR2_KERNEL_OWN
	bool "Another"
	help
	  This text speaks of a
	  config BR2_IN_A_TEXT of no one.

endchoice

menuconfig BR2_PACKAGE_LAMP
	bool "lamp"
	depends on BR2_HAVE

config BR2_PACKAGE_NEEDED
	bool
	default y if BR2_PACKAGE_LAMP
`

export const LEGACY = `config BR2_PACKAGE_CANDLE
	bool "candle was removed, use lamp"
	select BR2_LEGACY
`

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

export const fragment = (kind: 'buildroot' | 'kernel', text: string, layer = 'toy/board'): Merged =>
  mergeFragments(kind, [
    { layer, root: `/p/${layer}`, inside: `${kind}/config`, path: `/p/${layer}/${kind}/config`, text },
  ])

const none: Merged = { effective: [], all: [], overrides: [], stray: [] }

/** Layers with nothing in them but what is given. */
export const layersWith = (given: Partial<Layers>): Layers => ({
  fragments: { buildroot: none, kernel: none, uboot: none, busybox: none, ...given.fragments },
  cflags: '',
  users: '',
  hooks: { pre: [], post: [] },
  debian: {},
  overrides: [],
  warnings: [],
  ...given,
  folders: {
    root_overlay: [],
    kernel_patches: [],
    uboot_patches: [],
    buildroot_patches: [],
    buildroot_ext: [],
    ...given.folders,
  },
})
