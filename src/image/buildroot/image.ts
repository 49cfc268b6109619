// From what Buildroot left to the set that every assembler makes: kernel, initramfs, engine image, device trees, boot
// files, manifest. The layout of core and engine is that of the Debian assembler; so are the functions that pack them.

import { createReadStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { failure } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { version } from '../../core/version.ts'
import { writeCpio } from '../../host/archive/cpio.ts'
import { fileEntry, type Tree } from '../../host/archive/entry.ts'
import { readTar } from '../../host/archive/tar.ts'
import { engineOverlay } from '../set/engine-hooks.ts'
import { joinInitramfs, stubTree } from '../set/initramfs.ts'
import { readList } from '../set/lists.ts'
import { hashOf, writeManifest } from '../set/manifest.ts'
import { type Modules, makeModules } from '../set/modules.ts'
import { type Packing, writeSquashfs, xzForKernel } from '../set/pack.ts'
import { replaceFolder } from '../set/replace.ts'
import { resource } from '../set/resource.ts'
import { BUSYBOX } from '../set/skeleton.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { imageFiles } from './image-files.ts'
import { filesOf, partRoot, releaseIn } from './parts.ts'

export interface ImageInputs {
  readonly workspace: Workspace
  /** Buildroot's O=. */
  readonly out: string
  /** As Debian calls it. */
  readonly architecture: string
  /** Names of the packages whose files are the engine. */
  readonly engine: readonly string[]
  /** Seconds since 1970 that every file bears. */
  readonly time: number
  readonly packing: Readonly<Record<'core' | 'engine', Packing>>
  readonly report: Report
  readonly signal: AbortSignal
}

/**
 * Makes the set and puts it in the place of the one before.
 * @throws image-failed, image-incomplete, process-missing, process-failed, rootfs-invalid, canceled, timed-out
 */
export async function makeImage(inputs: ImageInputs): Promise<void> {
  const { workspace, out, report } = inputs
  const work = await mkdtemp(join(workspace.folder, 'making-'))
  try {
    const made = join(work, 'output')
    await mkdir(join(made, 'boot'), { recursive: true })
    report.step('Core and engine image')
    await makeRoots(inputs, work, made)
    const images = join(out, 'images')
    for (const { from, to } of imageFiles(await filesBelow(images))) {
      await mkdir(dirname(join(made, to)), { recursive: true })
      await copyFile(join(images, from), join(made, to))
    }
    await writeFile(join(made, 'boot/cmdline'), `${await commandLine(inputs)}\n`)
    const { files } = await writeManifest(made, {
      assembler: 'buildroot',
      architecture: inputs.architecture,
      chain: workspace.chain.packages.map(({ name }) => name),
      time: inputs.time,
    })
    await replaceFolder(made, workspace.output)
    for (const { name, size } of files)
      if (!/^(dtbs|boot\/overlays)\//.test(name))
        report.line(`${(size / 1e6).toFixed(1).padStart(6)} MB  ${name}`)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Words of the lists, then those that a board's own cmdline.txt adds. */
async function commandLine({ workspace, out, architecture }: ImageInputs): Promise<string> {
  const words = await readList(workspace.chain, 'cmdline', architecture)
  const own = await readFile(join(out, 'images/rpi-firmware/cmdline.txt'), 'utf8').catch(() => '')
  return [...new Set([...words, ...own.split(/\s+/).filter((word) => word !== '')])].join(' ')
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
}

const NO_MODULES: Modules = { core: new Map(), engine: new Map(), count: 0 }

async function makeRoots(inputs: ImageInputs, work: string, made: string): Promise<void> {
  const { workspace, out, architecture, time, packing, report, signal } = inputs
  const root = await readTar(createReadStream(join(out, 'images/rootfs.tar'), { signal }))
  const release = releaseIn(root)
  const modules = release === undefined ? NO_MODULES : await modulesOf(inputs, root, release, work)
  const list = await readFile(join(out, 'build/packages-file-list.txt'), 'utf8')
  const parted = partRoot(root, filesOf(list, new Set(inputs.engine)), modules)
  const core = new Map(parted.core)
  if (parted.engine.size > 0) {
    const engine = join(made, 'engine.squashfs')
    const hooks = { work, architecture, line: report.line, signal }
    const whole = new Map([...parted.engine, ...(await engineOverlay(workspace.chain, hooks))])
    await writeSquashfs(whole, engine, { ...packing.engine, time, signal })
    core.set('usr/lib/skiff/engine.sha256', fileEntry(`${await hashOf(engine)}\n`))
  }
  const chain = workspace.chain.packages.map(({ name }) => name).join(',')
  core.set(
    'usr/lib/skiff/image',
    fileEntry(`chain=${chain}\ntime=${time}\nkernel=${release ?? 'without modules'}\nskiff=${version}\n`),
  )
  const squashfs = join(work, 'core.squashfs')
  const order = await readList(workspace.chain, 'core-order', architecture)
  await writeSquashfs(core, squashfs, { ...packing.core, time, signal, order })
  const there = [...modules.core.keys()].map((path) =>
    path.replace(`usr/lib/modules/${release}/`, '').replace(/\.ko$/, ''),
  )
  const stub = stubTree({
    init: await resource(workspace.chain, 'initramfs/init'),
    busybox: root.get(BUSYBOX) ?? incomplete('buildroot/', 'BusyBox'),
    applets: await readList(workspace.chain, 'initramfs-applets', architecture),
    modules: modules.core,
    release: release ?? '',
    // what is built into the kernel needs no loading
    load: (await readList(workspace.chain, 'initramfs-modules', architecture)).filter((name) =>
      there.includes(name),
    ),
  })
  const packed = await xzForKernel(writeCpio(stub, time), work, signal)
  await writeFile(join(made, 'initramfs'), joinInitramfs(await readFile(squashfs), packed, time))
}

/** Those that the lists name, as far as this kernel has them: lists are written for more than one. */
async function modulesOf(inputs: ImageInputs, root: Tree, release: string, work: string): Promise<Modules> {
  const { workspace, architecture, report, signal } = inputs
  const list = async (name: string) =>
    (await readList(workspace.chain, name, architecture)).map((pattern) =>
      /^[?!]/.test(pattern) ? pattern : `?${pattern}`,
    )
  const lists = { core: await list('kernel-modules'), engine: await list('engine-kernel-modules') }
  const kernel = new Map(root).set(`boot/vmlinuz-${release}`, fileEntry(''))
  const modules = await makeModules(kernel, lists, work, signal)
  report.line(`${modules.count} modules of Linux ${release}`)
  return modules
}

function incomplete(file: string, needs: string): never {
  throw failure('image-incomplete', { file, needs })
}
