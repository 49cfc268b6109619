// The lists below `debian/` of a chain's packages: which packages, files, modules and links the Debian assembler takes.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from './missing.ts'

/** What is needed of a resolved chain: its packages' folders, in the order of the layers. */
export interface Layers {
  readonly packages: readonly { readonly name: string; readonly path: string }[]
}

/**
 * Adds a list's lines to those of earlier layers: one entry a line, `#` starts a comment, `-entry` removes what an
 * earlier line added. Pure.
 */
export function mergeList(before: readonly string[], text: string): string[] {
  const list = new Set(before)
  for (const line of text.split('\n')) {
    const entry = line
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .replace(/\s+/g, ' ')
    if (entry === '') continue
    if (entry.startsWith('-')) list.delete(entry.slice(1).trim())
    else list.add(entry)
  }
  return [...list]
}

/**
 * A list of a chain: `debian/<name>` and `debian/<name>.<architecture>` of each package, in the order of the layers.
 * @param architecture as Debian calls it
 */
export async function readList(layers: Layers, name: string, architecture: string): Promise<string[]> {
  let list: string[] = []
  for (const { path } of layers.packages)
    for (const file of [name, `${name}.${architecture}`])
      list = mergeList(list, await readIfThere(join(path, 'debian', file)))
  return list
}

/** The users tables of a chain, joined in the order of the layers; in Buildroot's form. */
export async function readUsersTable(layers: Layers): Promise<string> {
  const texts: string[] = []
  for (const { path } of layers.packages) {
    const names = (await readdir(join(path, 'users')).catch(goneIsNone)).sort()
    for (const name of names)
      if (!name.startsWith('.')) texts.push(await readIfThere(join(path, 'users', name)))
  }
  return texts.join('\n')
}

function goneIsNone(error: unknown): string[] {
  if (isMissing(error)) return []
  throw error
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}
