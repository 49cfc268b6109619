// Takes the picture of all that goes into an image: a digest of each file and of what each part comes to.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readlink, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { failure } from '../../core/errors.ts'
import { version } from '../../core/version.ts'
import { fragmentKinds, writeAssignment } from '../layers/fragment.ts'
import type { Layers } from '../layers/layers.ts'
import { type TreeEntry, textIn, treeIn } from '../layers/read.ts'
import type { ConfigPackage, ResolvedChain } from '../packages/package.ts'
import { type Part, parts, type State } from './plan.ts'

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

/** Content, kind and permission to execute; who owns a file and when it was written is the checkout's business. */
async function digestOf({ path, kind }: TreeEntry, signal: AbortSignal): Promise<string> {
  if (kind === 'link') return digest(`link ${await readlink(path)}`)
  if (kind === 'folder') return 'folder'
  const hash = createHash('sha256')
  hash.update((await stat(path)).mode & 0o100 ? 'executable ' : 'file ')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}

/** Every file of one part of one package. */
async function filesOf(each: ConfigPackage, part: Part, signal: AbortSignal): Promise<[string, string][]> {
  const files: [string, string][] = []
  for (const entry of await treeIn(each, part)) {
    if (signal.aborted) throw failure('canceled', { what: 'reading the packages' })
    files.push([`${each.name}: ${entry.inside}`, await digestOf(entry, signal)])
  }
  return files
}

/**
 * What a package's hooks read besides its own files: the lines of hooks/inputs, as paths from the package's folder.
 * @throws package-invalid for what is not there
 */
async function inputsOf(each: ConfigPackage, signal: AbortSignal): Promise<[string, string][]> {
  const lines = ((await textIn(each, 'hooks/inputs')) ?? '').split('\n')
  const files: [string, string][] = []
  for (const line of lines.map((text) => text.replace(/#.*/, '').trim()).filter((text) => text !== '')) {
    const path = resolve(each.path, line)
    const found = await stat(path).catch(() => undefined)
    if (!found)
      throw failure('package-invalid', { file: `${each.path}/hooks/inputs`, problem: `there is no ${line}` })
    const entries = found.isDirectory()
      ? (await treeIn({ name: each.name, path: dirname(path) }, basename(path))).filter(
          ({ kind }) => kind !== 'folder',
        )
      : [{ inside: basename(path), path, kind: 'file' as const }]
    for (const entry of entries) {
      if (signal.aborted) throw failure('canceled', { what: 'reading what hooks use' })
      files.push([`${each.name}: hooks/inputs ${entry.inside}`, await digestOf(entry, signal)])
    }
  }
  return files
}

/** For a part that is merged, what came of it: a changed remark changes no image. */
function mergedEffect(layers: Layers, part: Part): string | undefined {
  for (const kind of fragmentKinds)
    if (kind === part) return layers.fragments[kind].effective.map(writeAssignment).join('\n')
  if (part === 'cflags') return layers.cflags
  return part === 'users' ? layers.users : undefined
}

/**
 * @param layers of the same chain
 * @param options settings that show in the image
 * @throws package-invalid, canceled
 */
export async function observe(
  chain: ResolvedChain,
  layers: Layers,
  options: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<State> {
  const files: Record<string, string> = {}
  const effects: Partial<Record<Part, string>> = {}
  for (const part of parts) {
    const found: [string, string][] = []
    for (const each of chain.packages) found.push(...(await filesOf(each, part, signal)))
    if (part === 'hooks') for (const each of chain.packages) found.push(...(await inputsOf(each, signal)))
    Object.assign(files, Object.fromEntries(found))
    // the order of the layers counts, their names do not
    const content = found.map(([file, hash]) => `${file.replace(/^[^:]*: /, '')} ${hash}`).join('\n')
    effects[part] = digest(mergedEffect(layers, part) ?? content)
  }
  return {
    version,
    chain: chain.packages.map(({ name }) => name),
    options,
    effects: effects as Record<Part, string>,
    files,
  }
}
