// Reading below a package's folder: never out of it, never another thing than text. What it holds came from others.
import type { Dirent } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { failure } from '../../core/errors.ts'
import type { ConfigPackage } from '../packages/package.ts'

type Place = Pick<ConfigPackage, 'name' | 'path'>

/** More is no configuration. */
const MOST_BYTES = 4 * 2 ** 20

const isGone = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Byte order, as `LC_ALL=C sort` has it, so that a name's place does not depend on where it is read. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const isWithin = (folder: string, path: string) => path === folder || path.startsWith(folder + sep)

/**
 * Where a path of a package really is.
 * @returns undefined when it is not there
 * @throws package-invalid when a link leads out of the package
 */
export async function placeIn({ name, path }: Place, inside: string): Promise<string | undefined> {
  const full = join(path, inside)
  try {
    const [folder, real] = await Promise.all([realpath(path), realpath(full)])
    if (isWithin(folder, real)) return full
  } catch (error) {
    if (isGone(error)) return undefined
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error
    throw failure('package-invalid', { file: full, problem: 'its links lead in a circle' })
  }
  throw failure('package-invalid', {
    file: full,
    problem: `a link leads out of the package ${name}; put the file into the package`,
  })
}

/** Is there a folder of this name in the package? @throws package-invalid */
export async function folderIn(place: Place, inside: string): Promise<string | undefined> {
  const full = await placeIn(place, inside)
  return full !== undefined && (await stat(full)).isDirectory() ? full : undefined
}

/** The line of the first byte that is not UTF-8 text. */
function brokenLine(content: Buffer): number | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  for (let from = 0; from < content.length; line++) {
    const end = content.indexOf(10, from)
    const bytes = content.subarray(from, end === -1 ? undefined : end)
    try {
      if (bytes.includes(0)) return line
      decoder.decode(bytes)
    } catch {
      return line
    }
    if (end === -1) break
    from = end + 1
  }
  return undefined
}

/**
 * The text of a file of a package, with line feeds only.
 * @returns undefined when it is not there
 * @throws package-invalid
 */
export async function textIn(place: Place, inside: string): Promise<string | undefined> {
  const full = await placeIn(place, inside)
  if (full === undefined) return undefined
  const found = await stat(full)
  if (!found.isFile()) throw failure('package-invalid', { file: full, problem: 'it is not a file' })
  if (found.size > MOST_BYTES)
    throw failure('package-invalid', { file: full, problem: 'it is larger than 4 MB' })
  const content = await readFile(full)
  const broken = brokenLine(content)
  if (broken !== undefined)
    throw failure('package-invalid', { file: `${full}:${broken}`, problem: 'it is not UTF-8 text' })
  return content.toString('utf8').replaceAll('\r\n', '\n')
}

/** A text of a package. */
export interface TextFile {
  /** From the package's folder: `kernel/usb`. */
  readonly inside: string
  readonly path: string
  readonly text: string
}

/**
 * The texts of a folder of a package in byte order of their names; names with a dot in front do not count.
 * @throws package-invalid
 */
export async function textsIn(place: Place, folder: string): Promise<TextFile[]> {
  const full = await folderIn(place, folder)
  if (full === undefined) return []
  const names = (await readdir(full)).filter((name) => !name.startsWith('.')).toSorted(byBytes)
  const files: TextFile[] = []
  for (const name of names) {
    const inside = `${folder}/${name}`
    const text = await textIn(place, inside)
    if (text === undefined)
      throw failure('package-invalid', { file: join(full, name), problem: 'it is a link to nothing' })
    files.push({ inside, path: join(full, name), text })
  }
  return files
}

/** A file or a link below a folder; links are told, not followed. */
export interface TreeEntry {
  /** From the package's folder. */
  readonly inside: string
  readonly path: string
  readonly kind: 'file' | 'link' | 'folder'
}

const kindOf = (entry: Dirent): TreeEntry['kind'] | undefined => {
  if (entry.isSymbolicLink()) return 'link'
  if (entry.isDirectory()) return 'folder'
  return entry.isFile() ? 'file' : undefined
}

/**
 * Everything below a folder of a package, in byte order.
 * @throws package-invalid for a device, a socket or a pipe
 */
export async function treeIn(place: Place, folder: string): Promise<TreeEntry[]> {
  const full = await folderIn(place, folder)
  if (full === undefined) return []
  const entries = await readdir(full, { recursive: true, withFileTypes: true })
  return entries
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const kind = kindOf(entry)
      if (kind === undefined)
        throw failure('package-invalid', { file: path, problem: 'it is no file, folder or link' })
      return { inside: relative(place.path, path), path, kind }
    })
    .toSorted((a, b) => byBytes(a.inside, b.inside))
}
