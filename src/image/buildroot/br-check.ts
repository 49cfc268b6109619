// Checks a chain against a Buildroot tree without compiling anything: lost symbols, sources, packages.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '../../core/report.ts'
import { mergeLayers } from '../layers/layers.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { describeLost, isFault } from './check.ts'
import { architectureIn, configure } from './configure.ts'
import { answer } from './make.ts'
import { parsePackageInfo } from './package-info.ts'
import { buildrootSettings } from './settings.ts'
import { findTree } from './tree.ts'

export interface CheckCall {
  readonly env: NodeJS.ProcessEnv
  /** The checkout's buildroot/. */
  readonly ours: string
  readonly report: Report
  readonly signal: AbortSignal
}

export interface Checked {
  readonly chain: readonly string[]
  readonly buildroot: string
  readonly architecture: string
  /** Symbols that were asked for. */
  readonly asked: number
  readonly lost: readonly {
    readonly symbol: string
    readonly wanted: string
    readonly found: string
    readonly fate: string
    readonly place: string
  }[]
  readonly faults: number
  /** Packages that would be compiled, those of the machine that compiles among them. */
  readonly packages: number
  /** Archives that would be downloaded. */
  readonly sources: number
}

/**
 * @param chain only its packages matter: nothing is written into a workspace
 * @throws as configure
 */
export async function checkChain(chain: Workspace['chain'], call: CheckCall): Promise<Checked> {
  const { env, ours, report, signal } = call
  const settings = buildrootSettings(env)
  const tree = await findTree(settings, report, signal)
  const layers = await mergeLayers(chain.packages)
  const passing = await mkdtemp(join(tmpdir(), 'skiff-br-check-'))
  try {
    const workspace = { name: 'br-check', folder: passing, chain, output: join(passing, 'output') }
    const inputs = {
      workspace,
      folder: join(passing, 'buildroot'),
      layers,
      tree,
      settings,
      ours,
      env,
      signal,
    }
    const { build, config, lost } = await configure(inputs)
    for (const each of lost) report[isFault(each) ? 'warn' : 'line'](describeLost(each))
    const infos = parsePackageInfo(await answer(build, ['show-info'], signal))
    const sources = (await answer(build, ['external-deps'], signal)).split('\n').filter((line) => line !== '')
    return {
      chain: chain.packages.map(({ name }) => name),
      buildroot: tree.version,
      architecture: architectureIn(config),
      asked: layers.fragments.buildroot.effective.length,
      lost: lost.map(({ asked, found, fate }) => ({
        symbol: asked.symbol,
        wanted: asked.value,
        found,
        fate,
        place: `${asked.path}:${asked.line}`,
      })),
      faults: lost.filter(isFault).length,
      packages: [...infos.values()].filter(({ kind }) => kind !== 'rootfs').length,
      sources: sources.length,
    }
  } finally {
    await rm(passing, { recursive: true, force: true })
  }
}
