// Images that are measured, assembled as `make compile` does it, with a key in them that the bench logs in with.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assembleDebian } from '../../src/image/debian/assemble.ts'
import type { Manifest } from '../../src/image/set/manifest.ts'
import { mirrorSettings } from '../../test/board/harness/mirror.ts'
import { folder, keyPair } from './place.ts'

/** Chains by what they are measured for, dependencies first. */
export const chains = {
  core: ['skiff/base', 'virt/common', 'virt/qemu'],
  docker: ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker'],
  crew: ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker', 'skiff/crew'],
  generic: ['skiff/base', 'generic/network', 'generic/arm64'],
} as const

export interface Image {
  readonly output: string
  readonly manifest: Manifest
  /** Where packages are kept. */
  readonly home: string
}

const configs = new URL('../../buildroot/configs/', import.meta.url).pathname
const LIMIT = 40 * 60_000
const made = new Map<string, Promise<Image>>()

/** The packages of a chain, and one with the key. */
async function layersOf(chain: keyof typeof chains) {
  const own = join(folder(), 'key')
  const place = join(own, 'root_overlay/etc/skiff')
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'authorized_keys'), readFileSync(`${await keyPair('login')}.pub`))
  return [
    ...chains[chain].map((name) => ({ name, path: join(configs, name) })),
    { name: 'bench/key', path: own },
  ]
}

/** An image for arm64; one of the same chain and packing is made once in a run. */
export function imageOf(chain: keyof typeof chains, packing: 'small' | 'fast'): Promise<Image> {
  const name = `${chain}-${packing}`
  const found = made.get(name) ?? assemble(name, chain, packing)
  made.set(name, found)
  return found
}

async function assemble(name: string, chain: keyof typeof chains, packing: 'small' | 'fast'): Promise<Image> {
  const home = join(folder(), chain)
  const output = join(folder(), `${name}-output`)
  const packages = await layersOf(chain)
  const manifest = await assembleDebian(
    { folder: home, output, chain: { packages } },
    {
      report: { step: (text) => console.error(`       ${name}: ${text}`), line: () => {} },
      signal: AbortSignal.timeout(LIMIT),
      environment: { ...(await mirrorSettings('arm64', chains[chain])), SKIFF_PACKING: packing },
    },
  )
  return { output, manifest, home }
}

/** Megabytes of a file of an image; 0 for one that it has not. */
export const megabytes = ({ manifest }: Image, name: string): number =>
  (manifest.files.find((file) => file.name === name)?.size ?? 0) / 1e6
