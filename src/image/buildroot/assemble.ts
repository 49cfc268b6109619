// The Buildroot assembler: the story of a compile, readable top to bottom. The parts are in the files beside.
import { readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { failure } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { formatDuration, formatSize } from '../../core/units.ts'
import type { AssembleCall, Assembler } from '../assembler.ts'
import { readOptions } from '../debian/options.ts'
import { textIn } from '../layers/read.ts'
import { packings } from '../set/pack.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { describeLost, isFault } from './check.ts'
import { buildrootPaths } from './configuration.ts'
import { architectureIn, type Configured, configure, requireAll } from './configure.ts'
import { enginePackages, readEngineList } from './engine-split.ts'
import { makeImage } from './image.ts'
import { describeMade, readMade, writeMade } from './made.ts'
import { answer, type Build, compile, isCompiled } from './make.ts'
import { type PackageInfos, parsePackageInfo } from './package-info.ts'
import { type BuildStep, Progress, readStep } from './progress.ts'
import { describeRebuild, planRebuild, type Rebuild } from './rebuild.ts'
import { type BuildrootSettings, buildrootSettings } from './settings.ts'
import { keepTimes, readTimes } from './times.ts'
import { findTree } from './tree.ts'
import { explainFailure } from './words.ts'

/** The assembler's folder in a workspace. */
export const assemblerFolder = ({ folder }: Pick<Workspace, 'folder'>): string => join(folder, 'buildroot')

/** With less a compile would only fail later. */
const LEAST_FREE = 2 ** 30
/** A whole system with its compiler, from nothing. */
const WHOLE = 20 * 2 ** 30

/** @throws disk-full */
async function requireSpace(folder: string, fresh: boolean, report: Report): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free < LEAST_FREE)
    throw failure('disk-full', { problem: `${formatSize(free)} are free below ${folder}` })
  if (fresh && free < WHOLE)
    report.warn(
      `${formatSize(free)} are free below ${folder}; a first compile takes up to ${formatSize(WHOLE)}`,
    )
}

/** Removes and marks what must be made again. @throws compile-failed, disk-full, canceled */
async function applyRebuild(build: Build, rebuild: Rebuild, log: string, signal: AbortSignal): Promise<void> {
  const { out } = build
  if (rebuild.everything !== undefined) {
    for (const name of ['build', 'host', 'target', 'images', 'staging', 'per-package'])
      await rm(join(out, name), { recursive: true, force: true })
    return
  }
  const targets = [
    ...rebuild.afresh.map((name) => `${name}-dirclean`),
    ...rebuild.again.map((name) => `${name}-clean-for-reconfigure`),
  ]
  if (targets.length > 0) {
    const { status, last } = await compile(build, targets, { log, line: () => {}, signal })
    if (status !== 0) throw explainFailure(last, undefined, log)
  }
  if (rebuild.root !== undefined) await forgetRoot(out)
}

/** Packages install into the root again; nothing is compiled for that. */
async function forgetRoot(out: string): Promise<void> {
  await rm(join(out, 'target'), { recursive: true, force: true })
  const folders = await readdir(join(out, 'build')).catch(() => [])
  for (const name of folders) {
    // the C library comes into the root with the compiler, which Buildroot counts among the host's
    if (/^host-/.test(name) && !/^host-gcc-final-/.test(name)) continue
    for (const stamp of ['.stamp_target_installed', '.stamp_installed'])
      await rm(join(out, 'build', name, stamp), { force: true })
    if (name.startsWith('host-')) await rm(join(out, 'build', name, '.stamp_host_installed'), { force: true })
  }
}

async function engineRoots(workspace: Workspace): Promise<string[]> {
  const roots: string[] = []
  for (const each of workspace.chain.packages)
    roots.push(...readEngineList((await textIn(each, 'resources/engine')) ?? ''))
  return roots
}

async function todo(out: string, infos: PackageInfos): Promise<string[]> {
  const names: string[] = []
  for (const { name, kind, stamps } of infos.values())
    if (kind !== 'rootfs' && !(await isCompiled(out, stamps))) names.push(name)
  return names
}

/** Compiles what is not compiled yet. @throws compile-failed, disk-full, canceled */
async function compileAll(
  build: Build,
  infos: PackageInfos,
  folder: string,
  { report, signal }: Pick<AssembleCall, 'report' | 'signal'>,
): Promise<void> {
  const { log, times } = buildrootPaths(folder)
  const waiting = await todo(build.out, infos)
  const progress = new Progress(waiting, await readTimes(times), () => performance.now())
  const left = progress.left()
  const estimate = left ? `, about ${formatDuration(left)} by what they took before` : ''
  report.step(`Compiling: ${waiting.length} of ${infos.size} packages are to be made${estimate}`)
  const began = performance.now()
  let step: BuildStep | undefined
  const line = (text: string) => {
    const found = readStep(text)
    if (found) step = found
    const words = progress.take(text)
    if (words !== undefined) report.line(words)
  }
  try {
    const { status, last } = await compile(build, ['all'], { log, line, signal })
    if (status !== 0) throw explainFailure(last, step, log)
  } finally {
    // also of a compile that was cut short: what it finished took as long as it took
    await keepTimes(times, join(build.out, 'build/build-time.log')).catch(() => {})
  }
  report.line(`compiled in ${formatDuration(performance.now() - began)}; the log is ${log}`)
}

/** What Buildroot made of the layers, said before hours go by. @throws symbols-lost */
function tellLost({ lost }: Configured, report: Report): void {
  for (const each of lost) if (!isFault(each)) report.warn(describeLost(each))
  requireAll(lost)
}

/** Other reasons for everything are seen here by themselves, and a compile that goes on must not begin anew. */
const isForced = (steps: AssembleCall['steps']) => steps.some(({ reasons }) => reasons.includes('--force'))

/**
 * Makes the set of a workspace.
 * @param ours the checkout's buildroot/
 * @throws setting-invalid, path-unfit, buildroot-unfit, release-failed, release-wrong, symbols-lost, compile-failed,
 *   disk-full, image-failed, image-incomplete, process-missing, canceled
 */
export async function assembleBuildroot(
  workspace: Workspace,
  call: AssembleCall,
  ours: string,
): Promise<void> {
  const { report, signal, layers, steps, env } = call
  const settings: BuildrootSettings = buildrootSettings(env)
  const { time, packing } = readOptions(env, Math.floor(Date.now() / 1000))
  const tree = await findTree(settings, report, signal)
  const folder = assemblerFolder(workspace)
  const { log, state } = buildrootPaths(folder)
  report.step(`Configuring Buildroot ${tree.version}`)
  const configured = await configure({ workspace, folder, layers, tree, settings, ours, env, signal })
  tellLost(configured, report)
  const { build, config } = configured
  const infos = parsePackageInfo(await answer(build, ['show-info'], signal))
  const made = await readMade(state)
  await requireSpace(folder, made === undefined, report)
  const now = await describeMade(tree.version, config, infos, layers)
  const rebuild = planRebuild(made, now, infos, isForced(steps))
  for (const words of describeRebuild(rebuild)) report.line(words)
  await applyRebuild(build, rebuild, log, signal)
  // from here on what is there is made of this, or not made yet
  await writeMade(state, now)
  await compileAll(build, infos, folder, call)
  const engine = enginePackages(infos, await engineRoots(workspace))
  const architecture = architectureIn(config)
  await makeImage({
    workspace,
    out: build.out,
    architecture,
    engine,
    time,
    packing: packings[packing],
    report,
    signal,
  })
}

/** The checkout's buildroot/, beside src/. */
export const ourTree = (): string => fileURLToPath(new URL('../../../buildroot', import.meta.url))

export const buildrootAssembler = (): Assembler => ({
  name: 'buildroot',
  assemble: (workspace, call) => assembleBuildroot(workspace, call, ourTree()),
})
