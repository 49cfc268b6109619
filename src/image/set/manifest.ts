// manifest.json of an image: its files with sizes and SHA-256, and one checksum of them all.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { writeWhole } from '../../host/files/write.ts'

export interface ManifestFile {
  /** Below the folder of the image, with slashes. */
  readonly name: string
  readonly size: number
  readonly sha256: string
}

export interface Manifest {
  readonly files: readonly ManifestFile[]
  /** SHA-256 of the lines `sha256  name` of all files, as sha256sum prints them. */
  readonly checksum: string
  readonly assembler: string
  readonly architecture: string
  /** Names of the packages that were layered. */
  readonly chain: readonly string[]
  /** Seconds since 1970 that the image bears. */
  readonly time: number
}

export const MANIFEST = 'manifest.json'

/** @returns the checksum of a whole image, whatever the order of its files. Pure. */
export function checksumOf(files: readonly ManifestFile[]): string {
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).sort()
  return createHash('sha256').update(lines.join('')).digest('hex')
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Writes the manifest of all files that are in a folder now. */
export async function writeManifest(
  folder: string,
  about: Pick<Manifest, 'assembler' | 'architecture' | 'chain' | 'time'>,
): Promise<Manifest> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: ManifestFile[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(folder.length + 1)
    if (!entry.isFile() || name === MANIFEST) continue
    files.push({ name, size: (await stat(path)).size, sha256: await hashOf(path) })
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  const manifest: Manifest = { files, checksum: checksumOf(files), ...about }
  await writeWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, 0o644)
  return manifest
}
