// The image that the boots of a test start: made once, with a key of the test's own in it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleDebian } from '../../../src/image/debian/assemble.ts'
import type { Manifest } from '../../../src/image/set/manifest.ts'
import { execute } from '../../engine/harness/execute.ts'
import { mirrorSettings } from './mirror.ts'

export interface TestImage extends AsyncDisposable {
  readonly folder: string
  readonly output: string
  readonly manifest: Manifest
  /** Private keys: of the image, and one that only persist may know. */
  readonly imageKey: string
  readonly persistKey: string
  readonly persistPublic: string
}

const configs = new URL('../../../buildroot/configs/', import.meta.url).pathname

/** Packages of a chain by name, in layer order. */
const layersOf = (names: readonly string[]) => names.map((name) => ({ name, path: join(configs, name) }))

async function key(folder: string, name: string): Promise<string> {
  const file = join(folder, name)
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file])
  return file
}

/**
 * Assembles an image. An image that CREW_TEST_IMAGE names (a folder that an earlier call made) is taken as it is; for
 * another processor than arm64 it is the variable with the processor's name behind it, CREW_TEST_IMAGE_AMD64.
 * @param names packages of the chain, dependencies first
 */
export async function makeTestImage(names: readonly string[], architecture = 'arm64'): Promise<TestImage> {
  const given =
    process.env[`CREW_TEST_IMAGE${architecture === 'arm64' ? '' : `_${architecture.toUpperCase()}`}`]
  const folder = given ?? mkdtempSync(join(tmpdir(), 'crew-image-'))
  const output = join(folder, 'output')
  if (given === undefined) await assemble(folder, output, names, architecture)
  return {
    folder,
    output,
    manifest: JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')),
    imageKey: join(folder, 'image-key'),
    persistKey: join(folder, 'persist-key'),
    persistPublic: readFileSync(join(folder, 'persist-key.pub'), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      if (given === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function assemble(folder: string, output: string, names: readonly string[], architecture: string) {
  const keys = join(folder, 'key/root_overlay/etc/skiff')
  mkdirSync(keys, { recursive: true })
  await key(folder, 'persist-key')
  const own = await key(folder, 'image-key')
  writeFileSync(join(keys, 'authorized_keys'), readFileSync(`${own}.pub`))
  await assembleDebian(
    {
      folder,
      output,
      chain: { packages: [...layersOf(names), { name: 'test/key', path: join(folder, 'key') }] },
    },
    {
      report: {
        step: (text) => console.log(`-----> ${text}`),
        line: (text) => console.log(`       ${text}`),
      },
      signal: AbortSignal.timeout(600_000),
      environment: {
        ...(await mirrorSettings(architecture, names)),
        // every instruction of it is emulated
        SKIFF_PACKING: 'fast',
      },
    },
  )
}
