// skiff br: a target of Buildroot's own Makefile, with the workspace's configuration. What is changed in its menu is
// kept in overrides/ of the workspace, or the next configure would lose it.
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../../host/files/write.ts'
import { runAttached } from '../../host/process/attached.ts'
import type { Build } from '../buildroot/make.ts'
import type { Context } from '../context.ts'
import { menuDelta } from '../layers/delta.ts'
import { look, writeDown } from '../workspace/configure.ts'
import type { Opened } from '../workspace/open.ts'
import { type Workspace, workspacePaths } from '../workspace/workspace.ts'
import type { ImageCommand } from './command.ts'
import { inWorkspace } from './in-workspace.ts'

const MENUS = ['config', 'menuconfig', 'nconfig', 'xconfig', 'gconfig']

/** Where menus leave their changes, as a layer's file. */
const MENU_FILE = 'buildroot/zz-menuconfig'

const ifThere = (path: string) => readFile(path, 'utf8').catch(() => '')

/** Gives Buildroot the layers of the workspace. @throws what the Buildroot assembler's configure throws */
async function configured(context: Context, opened: Opened): Promise<{ workspace: Workspace; build: Build }> {
  const { env, report, signal } = context
  const seen = await look(opened, signal)
  await writeDown(opened, seen)
  const { workspace, layers } = seen
  const [{ assemblerFolder, ourTree }, { configure }, { buildrootSettings }, { findTree }] =
    await Promise.all([
      import('../buildroot/assemble.ts'),
      import('../buildroot/configure.ts'),
      import('../buildroot/settings.ts'),
      import('../buildroot/tree.ts'),
    ])
  const withOptions = { ...env }
  for (const [name, value] of Object.entries(opened.options)) if (value !== '') withOptions[name] = value
  const settings = buildrootSettings(withOptions)
  const tree = await findTree(settings, report, signal)
  const folder = assemblerFolder(workspace)
  const inputs = { workspace, folder, layers, tree, settings, ours: ourTree(), env: withOptions, signal }
  const { build } = await configure(inputs)
  return { workspace, build }
}

/** What is not at its default, as Buildroot itself tells it. */
async function savedDefconfig(build: Build, file: string, signal: AbortSignal): Promise<string> {
  const { answer } = await import('../buildroot/make.ts')
  await rm(file, { force: true })
  await answer(build, [`BR2_DEFCONFIG=${file}`, 'savedefconfig'], signal)
  const text = await readFile(file, 'utf8')
  await rm(file, { force: true })
  return text
}

async function runMake(context: Context, build: Build, words: readonly string[]): Promise<number> {
  const { makeArguments, makeEnvironment } = await import('../buildroot/make.ts')
  const env = { ...makeEnvironment(build.env, process.getuid?.() === 0), TERM: context.env.TERM ?? 'dumb' }
  return runAttached('make', makeArguments(build, words), { cwd: context.root, env, signal: context.signal })
}

async function runMenu(
  context: Context,
  { workspace, build }: { workspace: Workspace; build: Build },
  words: readonly string[],
): Promise<number> {
  const { signal, report } = context
  const passing = join(build.out, 'menu.defconfig')
  const before = await savedDefconfig(build, passing, signal)
  const status = await runMake(context, build, words)
  if (status !== 0) return status
  const after = await savedDefconfig(build, passing, signal)
  const file = join(workspacePaths(workspace.folder).overrides, MENU_FILE)
  const kept = await ifThere(file)
  const delta = menuDelta(before, after, await readFile(join(build.out, '.config'), 'utf8'), kept)
  if (delta === kept) report.step('nothing was changed in the menu')
  else {
    await mkdir(join(file, '..'), { recursive: true })
    await writeWhole(file, delta, 0o644)
    report.step(`what was changed is kept in ${file}, the last layer of this workspace`)
  }
  return status
}

export const brCommand: ImageCommand = {
  name: 'br',
  summary: "Runs a target of Buildroot's Makefile in the workspace, such as menuconfig.",
  words: '<target> [<arguments>...]',
  count: [1, Number.POSITIVE_INFINITY],
  options: {},
  passesOn: true,
  notes: 'SKIFF_BUILDROOT names the tree; without it the release is fetched.\n',
  async run({ context, words }) {
    return inWorkspace(context, async (opened) => {
      const ready = await configured(context, opened)
      return MENUS.includes(words[0] ?? '')
        ? runMenu(context, ready, words)
        : runMake(context, ready.build, words)
    })
  },
}
