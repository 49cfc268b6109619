// Opens a workspace: what the environment says of it, and what it remembers where the environment is silent.
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { failure } from '../../core/errors.ts'
import { takeLock } from '../../host/files/lock.ts'
import { folderIn } from '../layers/read.ts'
import { type Catalogue, readCatalogue, splitPaths } from '../packages/catalogue.ts'
import { parseChain, resolveChain } from '../packages/chain.ts'
import type { ConfigPackage, ResolvedChain } from '../packages/package.ts'
import { imageSetting, optionsFrom } from '../settings.ts'
import { readRecord, type WorkspaceRecord } from './record.ts'
import { parseWorkspaceName, type Workspace, workspacePaths } from './workspace.ts'

/** What every image has, named or not, as the first layer. */
const BASE = ['skiff/base']

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  /** The checkout. */
  readonly root: string
}

/** A workspace before its chain is known to be good. */
export interface Opened {
  readonly name: string
  readonly folder: string
  readonly record: WorkspaceRecord | undefined
  /** Names of the chain, undefined when neither the environment nor the workspace has any. */
  readonly asked: readonly string[] | undefined
  /** SKIFF_CONFIG was not set, and the chain is the remembered one. */
  readonly remembered: boolean
  readonly extra: readonly string[]
  readonly options: Readonly<Record<string, string>>
  readonly catalogue: Catalogue
}

/** Where a workspace is. @throws value-invalid */
export function workspaceFolder({ env, root }: Surroundings): { name: string; folder: string } {
  const name = parseWorkspaceName(imageSetting(env, 'SKIFF_WORKSPACE'))
  const all = resolve(imageSetting(env, 'SKIFF_WORKSPACES') || join(root, 'workspaces'))
  return { name, folder: join(all, name) }
}

/** @throws value-invalid, setting-invalid, workspace-version, package-path */
export async function openWorkspace({ env, root }: Surroundings): Promise<Opened> {
  const { name, folder } = workspaceFolder({ env, root })
  const record = await readRecord(workspacePaths(folder).state, name)
  const paths = imageSetting(env, 'SKIFF_EXTRA_CONFIGS_PATH')
  const extra =
    paths === 'none' ? [] : paths === '' ? (record?.extra ?? []) : splitPaths(paths, process.cwd())
  const chain = parseChain(imageSetting(env, 'SKIFF_CONFIG'))
  return {
    name,
    folder,
    record,
    asked: chain.length > 0 ? chain : record?.asked,
    remembered: chain.length === 0,
    extra,
    options: optionsFrom(env, record?.options),
    catalogue: await readCatalogue({ env, extra, builtIn: join(root, 'buildroot/configs') }),
  }
}

/** The workspace's own layer, which comes last; undefined unless its folder is there. */
async function overridesOf(folder: string): Promise<ConfigPackage | undefined> {
  const { overrides } = workspacePaths(folder)
  const place = { name: 'workspace/overrides', path: overrides }
  if ((await folderIn(place, '.')) === undefined) return undefined
  return { ...place, description: 'Of this workspace alone.', dependencies: [], commands: [], unlisted: true }
}

/**
 * The workspace with its layers.
 * @throws workspace-unconfigured, package-unknown, package-cycle, package-invalid, package-path
 */
export async function resolveWorkspace(opened: Opened): Promise<Workspace> {
  const { name, folder, asked, catalogue } = opened
  if (asked === undefined || asked.length === 0)
    throw failure('workspace-unconfigured', { workspace: name, example: 'virt/qemu,skiff/crew' })
  const { packages } = await resolveChain(catalogue, asked, BASE)
  const overrides = await overridesOf(folder)
  const chain: ResolvedChain = { packages: overrides ? [...packages, overrides] : packages, asked }
  return { name, folder, chain, output: workspacePaths(folder).output }
}

/**
 * Makes the folder and keeps other skiffs out of the workspace until it is disposed of.
 * @throws workspace-busy
 */
export async function lockWorkspace({
  name,
  folder,
}: Pick<Workspace, 'name' | 'folder'>): Promise<Disposable> {
  await mkdir(folder, { recursive: true })
  const lock = takeLock(workspacePaths(folder).lock)
  if (lock) return lock
  throw failure('workspace-busy', { workspace: name })
}
