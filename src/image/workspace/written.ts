// The files of a workspace's config/: merged fragments and lists, each written whole, and only when it differs.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../../host/files/write.ts'
import { fragmentKinds } from '../layers/fragment.ts'
import type { Layers } from '../layers/layers.ts'
import { writeFragment } from '../layers/merge.ts'
import { type Workspace, workspacePaths } from './workspace.ts'

const NOTE =
  '# Written by skiff configure; a change here is lost. overrides/ of the workspace is for yours.\n'

const LIST = /^debian\./

/** Content of each file by its name. Pure. */
export function configFiles({ chain }: Pick<Workspace, 'chain'>, layers: Layers): Record<string, string> {
  const fragments = fragmentKinds.map((kind) => [
    kind,
    `${NOTE}${writeFragment(layers.fragments[kind].effective)}`,
  ])
  const lists = Object.entries(layers.debian).map(([name, words]) => [
    `debian.${name}`,
    `${NOTE}${words.map(({ word }) => `${word}\n`).join('')}`,
  ])
  const overview = {
    chain: chain.packages.map(({ name, path }) => ({ name, path })),
    asked: chain.asked,
    folders: layers.folders,
    hooks: layers.hooks,
    overrides: layers.overrides.map(({ symbol, before, after }) => ({
      symbol,
      before: `${before.value} ${before.path}:${before.line}`,
      after: `${after.value} ${after.path}:${after.line}`,
    })),
    warnings: layers.warnings,
  }
  return {
    ...Object.fromEntries(fragments),
    ...Object.fromEntries(lists),
    cflags: `${layers.cflags}\n`,
    users: layers.users,
    'layers.json': `${JSON.stringify(overview, null, 2)}\n`,
  }
}

/**
 * Writes config/. It is compared with the disk each time, so that one cut short is mended by the next.
 * @returns names of the files that were written
 */
export async function writeConfig(workspace: Workspace, layers: Layers): Promise<string[]> {
  const { config } = workspacePaths(workspace.folder)
  await mkdir(config, { recursive: true })
  const written: string[] = []
  const files = configFiles(workspace, layers)
  // a list that no layer has any more would be taken for one of theirs
  for (const name of await readdir(config))
    if (LIST.test(name) && !Object.hasOwn(files, name)) await rm(join(config, name))
  for (const [name, content] of Object.entries(files)) {
    const path = join(config, name)
    const there = await readFile(path, 'utf8').catch(() => undefined)
    if (there === content) continue
    await writeWhole(path, content, 0o644)
    written.push(name)
  }
  return written
}
