// An image of Alpine, made by Alpine's own static package manager, which is fetched from the mirror and believed only
// when one of Alpine's keys has signed it.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import { architectureOf } from '../../core/platform.ts'
import { type AddedEntry, packRootfs, type RootfsRules } from '../docker/rootfs.ts'
import { hostPlatform } from '../emulation/binfmt.ts'
import { alpineKeys, type KeyRing } from './alpine-keys.ts'
import { type IndexedPackage, parsePackages, readIndex, readPackage, UntrustedError } from './apk-archive.ts'
import { runConfined } from './confined.ts'
import { DownloadError, download } from './download.ts'
import { describeGround, type Ground } from './types.ts'
import type { MadeLayer, Workshop } from './workshop.ts'

const MOST_INDEX = 16 * 2 ** 20
const MOST_PACKAGE = 32 * 2 ** 20
const TOOL = 'apk-tools-static'
const PROGRAM = 'sbin/apk.static'
const LINES_KEPT = 40

/** What the official image has; those that a release does not know yet, or no more, are left out. */
const PACKAGES = ['alpine-baselayout', 'alpine-keys', 'alpine-release', 'apk-tools', 'busybox', 'musl-utils']

// the database moved below usr in apk-tools 3
const DATABASE = /^(usr\/)?lib\/apk\/db\/installed$/
const WITHOUT =
  /^((usr\/)?lib\/apk\/db\/lock|etc\/apk\/repositories|etc\/(hostname|resolv\.conf)|var\/cache\/apk\/.+|var\/log\/.+|(run|tmp|dev|proc|sys)\/.+|.+\.apk-new)$/

/** The folder of a release on a mirror: v3.22, edge. */
const releaseOf = (suite: string) => (suite === 'edge' ? suite : `v${suite}`)

/** Arguments of apk for a root file system. Pure. */
export const apkArguments = (
  folders: { readonly root: string; readonly keys: string },
  repository: string,
  architecture: string,
  packages: readonly string[],
): string[] => [
  ...['--root', folders.root, '--arch', architecture, '--initdb', '--keys-dir', folders.keys],
  ...['--repositories-file', '/dev/null', '--repository', repository],
  ...['--no-cache', '--no-interactive', '--no-progress', 'add', ...packages],
]

/**
 * Makes the layer of an Alpine ground.
 * @throws ground-failed, ground-untrusted, canceled
 */
export async function makeAlpine(ground: Ground, workshop: Workshop): Promise<MadeLayer> {
  const { settings, folder, line } = workshop
  const mirror = settings['ground-alpine-mirror']
  const repository = `${mirror}/${releaseOf(ground.suite)}/main`
  const named = describeGround(ground)
  if (process.getuid?.() !== 0)
    throw failure('ground-failed', {
      ground: named,
      problem: "apk needs root's rights",
      hint: 'run Crew as root',
    })
  const architecture = architectureOf(ground.platform).alpine ?? ''
  const own = architectureOf(hostPlatform()).alpine ?? ''
  const keys = workshop.alpineKeys ?? alpineKeys(own, architecture)
  try {
    const { program, known } = await fetchTool(repository, own, keys, workshop)
    const folders = { root: join(folder, 'root'), keys: join(folder, 'keys') }
    await writeKeys(folders.keys, keys)
    await mkdir(folders.root, { mode: 0o755 })
    const tool = join(folder, 'apk')
    await writeFile(tool, program, { mode: 0o700 })
    const wanted = PACKAGES.filter((name) => known.has(name))
    await addPackages(tool, apkArguments(folders, repository, architecture, wanted), workshop)
    line('creating tarball')
    const repositories = `${repository}\n${mirror}/${releaseOf(ground.suite)}/community\n`
    return { ...(await packTree(ground, folders.root, repositories, workshop)), mirror }
  } catch (error) {
    throw explain(error, named, mirror)
  }
}

async function fetchTool(
  repository: string,
  architecture: string,
  keys: KeyRing,
  { line, signal }: Workshop,
): Promise<{ program: Buffer; known: ReadonlySet<string> }> {
  line(`fetching the index of ${architecture}`)
  const index = await download(`${repository}/${architecture}/APKINDEX.tar.gz`, MOST_INDEX, signal)
  const packages = await about('the index', () => readIndex(index, keys))
  const tool = packages.find(({ name }) => name === TOOL)
  if (!tool) throw new DownloadError(`the index of ${repository} has no ${TOOL}`)
  line(`fetching ${TOOL} ${tool.version}`)
  const file = await download(`${repository}/${architecture}/${fileName(tool)}`, MOST_PACKAGE, signal)
  const program = await about(TOOL, () => readPackage(file, keys, tool, PROGRAM))
  return { program, known: new Set(packages.map(({ name }) => name)) }
}

const fileName = ({ name, version }: IndexedPackage) => `${name}-${encodeURIComponent(version)}.apk`

/** Has the error say which file is meant. */
async function about<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof UntrustedError)
      throw new UntrustedError(`${what}: ${error.message}`, { cause: error })
    throw new UntrustedError(`${what} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function writeKeys(folder: string, keys: KeyRing): Promise<void> {
  await mkdir(folder, { mode: 0o755 })
  for (const [name, pem] of Object.entries(keys)) await writeFile(join(folder, name), pem)
}

/** @throws UntrustedError and Error with apk's own words */
async function addPackages(tool: string, args: readonly string[], { folder, line, signal }: Workshop) {
  const last: string[] = []
  const hear = (text: string) => {
    last.push(text)
    if (last.length > LINES_KEPT) last.shift()
    const step = /^\(\s*(\d+)\/(\d+)\) Installing (\S+)/.exec(text)
    if (step) line(`installing ${step[3]} (${step[1]} of ${step[2]})`)
  }
  const status = await runConfined(tool, args, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TMPDIR: folder },
    cwd: folder,
    signal,
    line: hear,
    output: async (stdout) => {
      for await (const text of createInterface({ input: stdout })) hear(text)
    },
  })
  if (status === 0) return
  const words =
    last
      .filter((text) => /ERROR|WARNING/.test(text))
      .slice(-3)
      .join('; ') || last.slice(-3).join('; ')
  if (/UNTRUSTED|BAD signature|signature/i.test(words)) throw new UntrustedError(words)
  throw new Error(`apk failed (${status ?? 'killed'}): ${words}`)
}

/** A tar of the tree, with owners as they are, through the filter that every layer goes through. */
async function packTree(
  ground: Ground,
  root: string,
  repositories: string,
  { folder, signal }: Workshop,
): Promise<Omit<MadeLayer, 'mirror'>> {
  const file = join(folder, 'layer.tar')
  const rules: RootfsRules = {
    latest: new Date(`${ground.date}T00:00:00Z`),
    without: (path) => WITHOUT.test(path),
    read: (path) => DATABASE.test(path),
  }
  let packages: readonly string[] = []
  const add = async (read: ReadonlyMap<string, Buffer>): Promise<AddedEntry[]> => {
    const installed = parsePackages([...read.values()].map(String).join('\n\n'))
    packages = installed.map(({ name, version }) => `${name}=${version}`).sort()
    return [{ path: 'etc/apk/repositories', content: repositories }]
  }
  const words: string[] = []
  let layer: { digest: string; bytes: number } | undefined
  const args = ['--create', '--format=gnu', '--sort=name', '--numeric-owner', '--directory', root, '.']
  const status = await runConfined('tar', args, {
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
    cwd: '/',
    signal,
    line: (text) => words.push(text),
    output: async (tar) => {
      layer = await packRootfs(tar, file, rules, add)
    },
  })
  if (status !== 0 || !layer)
    throw new Error(`tar failed (${status ?? 'killed'}): ${words.slice(-3).join('; ')}`)
  await rm(root, { recursive: true, force: true })
  return { digest: layer.digest, bytes: layer.bytes, file, packages }
}

function explain(error: unknown, ground: string, mirror: string): unknown {
  if (isFailure(error) || (error as NodeJS.ErrnoException).code !== undefined) return error
  const problem = messageOf(error)
  if (error instanceof UntrustedError) {
    const hint =
      'nothing of it was used; the setting ground-alpine-mirror says where it comes from, and only keys of Alpine are trusted'
    return failure('ground-untrusted', { ground, mirror, problem, hint }, error)
  }
  const unreachable = error instanceof DownloadError
  const hint = unreachable
    ? 'check the network of this machine, or name another mirror with the setting ground-alpine-mirror'
    : ''
  return failure('ground-failed', { ground, problem, hint }, error)
}
