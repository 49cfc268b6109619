// Gives Buildroot a configuration and looks at what it made of it. What is lost is found here, not after hours.
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import { writeWhole } from '../../host/files/write.ts'
import type { Layers } from '../layers/layers.ts'
import { type Workspace, workspacePaths } from '../workspace/workspace.ts'
import { writeConfig } from '../workspace/written.ts'
import { type Config, describeLost, isFault, type LostSymbol, lostSymbols, parseConfig } from './check.ts'
import { buildrootPaths, defconfig, hookFiles } from './configuration.ts'
import { readDeclarations } from './kconfig.ts'
import { answer, type Build } from './make.ts'
import { type BuildrootSettings, requireFit, variables } from './settings.ts'
import type { BuildrootTree } from './tree.ts'

export interface ConfigureInputs {
  readonly workspace: Workspace
  /** Where Buildroot works; a workspace's own, or a passing one. */
  readonly folder: string
  readonly layers: Layers
  readonly tree: BuildrootTree
  readonly settings: BuildrootSettings
  /** The checkout's buildroot/. */
  readonly ours: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface Configured {
  readonly build: Build
  readonly config: Config
  readonly lost: readonly LostSymbol[]
}

function requireFitLayers(layers: Layers): void {
  const all = [...Object.values(layers.folders), layers.hooks.pre, layers.hooks.post].flat()
  for (const { path } of all) requireFit(path, 'SKIFF_CONFIG_PATH_… or SKIFF_EXTRA_CONFIGS_PATH')
}

/**
 * Writes defconfig and hooks, runs `make defconfig`, and compares.
 * @throws path-unfit, buildroot-unfit, process-missing, canceled
 */
export async function configure(inputs: ConfigureInputs): Promise<Configured> {
  const { workspace, folder, layers, tree, settings, ours, env, signal } = inputs
  const paths = buildrootPaths(requireFit(folder, 'SKIFF_WORKSPACES'))
  requireFitLayers(layers)
  requireFit(settings.cache, variables.cache)
  await mkdir(paths.out, { recursive: true })
  await mkdir(paths.hooks, { recursive: true })
  // hooks of our ancestor's packages look for results there
  await symlink('.', join(paths.out, 'output')).catch(() => {})
  await writeConfig(workspace, layers)
  for (const { name, text } of hookFiles(layers, { folder }))
    await writeWhole(join(paths.hooks, name), text, 0o755)
  const places = {
    folder,
    config: workspacePaths(workspace.folder).config,
    downloads: join(settings.cache, 'downloads'),
    jobs: settings.jobs,
  }
  await writeWhole(paths.defconfig, defconfig(layers, places), 0o644)
  const external = [
    requireFit(ours, 'another checkout'),
    ...layers.folders.buildroot_ext.map(({ path }) => path),
  ]
  const build: Build = { tree, out: paths.out, external, env }
  await answer(build, [`BR2_DEFCONFIG=${paths.defconfig}`, 'defconfig'], signal)
  const config = parseConfig(await readFile(join(paths.out, '.config'), 'utf8'))
  const declarations = await readDeclarations([tree.path, ...external], signal)
  const lost = lostSymbols(layers.fragments.buildroot.effective, config, declarations)
  return { build, config, lost }
}

/** How many are named in one message. */
const NAMED = 3

/** @throws symbols-lost */
export function requireAll(lost: readonly LostSymbol[]): void {
  const faults = lost.filter(isFault)
  if (faults.length === 0) return
  const more = faults.length > NAMED ? `; and ${faults.length - NAMED} more` : ''
  throw failure('symbols-lost', {
    count: faults.length,
    symbols: `${faults.slice(0, NAMED).map(describeLost).join('; ')}${more}`,
    hint: 'skiff br-check lists them all; take the lines out or give what they depend on',
  })
}

const ARCHITECTURES: readonly (readonly [string, string])[] = [
  ['BR2_aarch64', 'arm64'],
  ['BR2_arm', 'armhf'],
  ['BR2_x86_64', 'amd64'],
  ['BR2_riscv', 'riscv64'],
]

/** The architecture of a configuration, as Debian calls it. @throws image-failed */
export function architectureIn(config: Config): string {
  const found = ARCHITECTURES.find(([symbol]) => config.get(symbol) === 'y')
  if (found) return found[1]
  const hint = `${ARCHITECTURES.map(([symbol]) => symbol).join(', ')} are known`
  throw failure('image-failed', { what: 'set', problem: 'its architecture is not known', hint })
}
