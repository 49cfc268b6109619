// The Debian assembler: from a workspace's chain to kernel, initramfs, engine image, device trees and manifest. The
// story in the order in which it happens; the parts are in the files beside.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { failure } from '../../core/errors.ts'
import { version } from '../../core/version.ts'
import { writeCpio } from '../../host/archive/cpio.ts'
import type { Tree } from '../../host/archive/entry.ts'
import { readTar } from '../../host/archive/tar.ts'
import { joinInitramfs, stubTree } from '../set/initramfs.ts'
import { type Layers, readList, readUsersTable } from '../set/lists.ts'
import { hashOf, type Manifest, writeManifest } from '../set/manifest.ts'
import { kernelIn, kernelRelease, makeModules } from '../set/modules.ts'
import { readOverlays } from '../set/overlay.ts'
import { gzip, lzma, packings, writeSquashfs, xzForKernel } from '../set/pack.ts'
import { replaceFolder } from '../set/replace.ts'
import { findResource, resource } from '../set/resource.ts'
import { BUSYBOX } from '../set/skeleton.ts'
import { coreTree } from './core.ts'
import { engineFiles, notDocs } from './engine.ts'
import { type FetchPlace, fetchPackages } from './fetch.ts'
import { bootFiles, fetchFirmware, firmwareTree } from './firmware.ts'
import { architectureFor, readOptions } from './options.ts'
import { readUsers, withUsers } from './users.ts'

/** What is needed of a workspace; see src/image/workspace. */
export interface Target {
  readonly folder: string
  readonly chain: Layers
  /** Where the image is to be; it is replaced as a whole. */
  readonly output: string
}

export interface AssembleOptions {
  readonly report: { readonly step: (text: string) => void; readonly line: (text: string) => void }
  readonly signal: AbortSignal
  readonly environment?: NodeJS.ProcessEnv
}

/** Folder of packages' device trees. */
const TREES = /^usr\/lib\/linux-image-[^/]+\/(.+\.dtbo?)$/

/**
 * Makes the image of a workspace.
 * @throws setting-invalid, package-invalid, image-failed, image-incomplete, image-idle, process-missing, canceled,
 *   timed-out
 */
export async function assembleDebian(target: Target, options: AssembleOptions): Promise<Manifest> {
  const { report, environment = process.env } = options
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const debian = readOptions(environment, Math.floor(Date.now() / 1000))
  const { chain } = target
  const architecture = architectureFor(environment, await readList(chain, 'architecture', ''))
  const list = (name: string) => readList(chain, name, architecture)
  await mkdir(target.folder, { recursive: true })
  const work = await mkdtemp(join(target.folder, 'making-'))
  const made = join(work, 'output')
  await mkdir(join(made, 'boot'), { recursive: true })
  const place: FetchPlace = {
    options: debian,
    folder: join(target.folder, 'debian'),
    line: report.line,
    signal,
  }
  const packing = packings[debian.packing]
  const squash = { time: debian.time, signal }
  let packedKernel = Promise.resolve()
  try {
    report.step(`Debian ${debian.suite} for ${architecture}: packages of the core`)
    const core = { what: 'core', packages: await list('packages'), architecture }
    const system = await fetchPackages(core, place, (tar) => readTar(tar, notDocs))
    report.step('kernel modules')
    const release = kernelRelease(system)
    const wanted = { core: await list('kernel-modules'), engine: await list('engine-kernel-modules') }
    const modules = await makeModules(system, wanted, work, signal)
    report.line(`${modules.count} of Linux ${release}`)
    // it takes as long as all the rest, and nothing waits for it
    packedKernel = writeKernel(system, release, architecture, made, work, signal)
    packedKernel.catch(() => {})
    const overlay = await readOverlays(chain)
    const lists = { keep: await list('keep'), links: await list('links'), applets: await list('applets') }
    const accounts = readUsers(await readUsersTable(chain))
    const coreOf = (files: Record<string, string>) =>
      coreTree(system, lists, modules.core, withUsers(overlay, accounts), files)

    const engine = join(made, 'engine.squashfs')
    const hashes: Record<string, string> = {}
    const inputs = { list, chain, architecture, place, work, report }
    const engineTree = await engineFiles({ ...inputs, core: coreOf({}), modules: modules.engine })
    if (engineTree) {
      await writeSquashfs(engineTree, engine, { ...squash, ...packing.engine })
      hashes['usr/lib/skiff/engine.sha256'] = `${await hashOf(engine)}\n`
    }

    const firmware = await list('firmware-packages')
    if (firmware.length > 0) {
      report.step('firmware')
      const fetched = await fetchFirmware(firmware, architecture, place)
      const tree = firmwareTree(fetched, await list('firmware-keep'), coreOf({}))
      const file = join(made, 'firmware.squashfs')
      if (tree.size > 0) {
        await writeSquashfs(tree, file, { ...squash, ...packing.firmware })
        hashes['usr/lib/skiff/firmware.sha256'] = `${await hashOf(file)}\n`
      }
      for (const [name, content] of bootFiles(fetched, await list('boot-keep')))
        await writeFile(join(made, 'boot', name), content)
    }

    report.step('core')
    const built = coreOf({ ...hashes, 'usr/lib/skiff/image': aboutImage(target, debian.time, release) })
    const squashfs = join(work, 'core.squashfs')
    await writeSquashfs(built, squashfs, { ...squash, ...packing.core, order: await list('core-order') })
    const stub = stubTree({
      init: await resource(chain, 'initramfs/init'),
      busybox: system.get(BUSYBOX) ?? incomplete('debian/keep', BUSYBOX),
      applets: await list('initramfs-applets'),
      modules: modules.core,
      release,
      load: await list('initramfs-modules'),
    })
    const packedStub = await xzForKernel(writeCpio(stub, debian.time), work, signal)
    await writeFile(join(made, 'initramfs'), joinInitramfs(await readFile(squashfs), packedStub, debian.time))

    report.step('kernel and device trees')
    await packedKernel
    await writeTrees(system, await list('device-trees'), made)
    await writeFile(join(made, 'boot/cmdline'), `${(await list('cmdline')).join(' ')}\n`)
    const config = await findResource(chain, 'config.txt')
    if (config) await writeFile(join(made, 'boot/config.txt'), config)
    const chainNames = chain.packages.map(({ name }) => name)
    const manifest = await writeManifest(made, {
      assembler: 'debian',
      architecture,
      chain: chainNames,
      time: debian.time,
    })
    await replaceFolder(made, target.output)
    for (const { name, size } of manifest.files)
      if (!name.startsWith('dtbs/')) report.line(`${(size / 1e6).toFixed(1).padStart(6)} MB  ${name}`)
    return manifest
  } finally {
    over.abort()
    await packedKernel.catch(() => {})
    await rm(work, { recursive: true, force: true })
  }
}

function incomplete(file: string, needs: string): never {
  throw failure('image-incomplete', { file, needs })
}

/** What `skiff status` says of the image. */
const aboutImage = ({ chain }: Target, time: number, release: string) =>
  [
    `chain=${chain.packages.map(({ name }) => name).join(',')}`,
    `time=${time}`,
    `kernel=${release}`,
    `skiff=${version}`,
    '',
  ].join('\n')

/** The kernel packed as QEMU and firmware take it, and as U-Boot does. */
async function writeKernel(
  system: Tree,
  release: string,
  architecture: string,
  made: string,
  work: string,
  signal: AbortSignal,
): Promise<void> {
  const entry = kernelIn(system, release)
  if (entry?.kind !== 'file') return incomplete('debian/packages', 'a kernel')
  // only the 64-bit ports of ARM and RISC-V have kernels that do not unpack themselves
  if (!['arm64', 'riscv64'].includes(architecture)) return writeFile(join(made, 'kernel'), entry.content)
  // QEMU unpacks a kernel of ARM; one of RISC-V it starts as it is, packed or not (its hw/riscv/boot.c)
  const forQemu = architecture === 'riscv64' ? entry.content : await gzip(entry.content, work, signal)
  await writeFile(join(made, 'kernel'), forQemu)
  await writeFile(join(made, 'boot/kernel.lzma'), await lzma(entry.content, work, signal))
}

/** Device trees that a chain names, by their path in the kernel's package without ending. */
async function writeTrees(system: Tree, names: readonly string[], made: string): Promise<void> {
  const wanted = new Set(names)
  for (const [path, entry] of system) {
    const name = TREES.exec(path)?.[1]
    if (name === undefined || entry.kind !== 'file' || !wanted.delete(name.replace(/\.dtbo?$/, ''))) continue
    const file = join(made, 'dtbs', name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, entry.content)
  }
  const [missing] = wanted
  if (missing !== undefined) incomplete('debian/device-trees', missing)
}
