import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { reportTo } from '../../../../src/core/report.ts'
import { buildrootSettings, PINNED, requireFit } from '../../../../src/image/buildroot/settings.ts'
import { findTree } from '../../../../src/image/buildroot/tree.ts'
import { FileServer } from '../../../engine/harness/alpine-repository.ts'
import { writeFiles } from './toy.ts'

const never = new AbortController().signal
const MAKEFILE = 'export BR2_VERSION := 2099.02\n'
let folder: string
let server: FileServer
let archive: Buffer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'buildroot-'))
  server = await FileServer.start()
  await writeFiles(folder, { 'there/Makefile': MAKEFILE, 'there/package/x.mk': '' })
  execFileSync('tar', ['-cJf', 'release.tar.xz', 'there'], { cwd: folder })
  archive = await readFile(join(folder, 'release.tar.xz'))
  server.files.set('/release.tar.xz', archive)
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const settings = (env: Record<string, string> = {}) =>
  buildrootSettings({
    HOME: folder,
    SKIFF_BUILDROOT_URL: `${server.url}/release.tar.xz`,
    SKIFF_BUILDROOT_SHA256: createHash('sha256').update(archive).digest('hex'),
    ...env,
  })
const said: string[] = []
const report = reportTo((text) => said.push(text))

test('the release is fetched once, unpacked, and found again', async () => {
  const tree = await findTree(settings(), report, never)
  assert.equal(tree.version, '2099.02')
  assert.ok(tree.path.startsWith(join(folder, '.cache/skiff/buildroot')))
  server.files.delete('/release.tar.xz')
  assert.deepEqual(await findTree(settings(), report, never), tree)
})

test('another content than the expected one is refused and leaves nothing', async () => {
  const wrong = settings({ SKIFF_BUILDROOT_SHA256: 'a'.repeat(64) })
  await assert.rejects(findTree(wrong, report, never), (error) => {
    assert.ok(isFailure(error, 'release-wrong'))
    assert.match(error.message, /SHA-256 is [0-9a-f]{64}, and a{64} is wanted/)
    return true
  })
  assert.deepEqual(await readdir(wrong.cache), [])
})

test('a server that does not have it is named, with what to do', async () => {
  const other = settings({ SKIFF_BUILDROOT_URL: `${server.url}/none` })
  await assert.rejects(findTree(other, report, never), (error) => {
    assert.ok(isFailure(error, 'release-failed'))
    assert.match(`${error.message} ${error.hint}`, /404.*SKIFF_BUILDROOT_URL.*SKIFF_BUILDROOT/)
    return true
  })
})

test('an archive that is none leaves no half tree', async () => {
  archive = Buffer.from('no archive')
  server.files.set('/release.tar.xz', archive)
  const { cache } = settings()
  await assert.rejects(findTree(settings(), report, never), (error) => isFailure(error, 'release-failed'))
  assert.deepEqual(await readdir(cache), [])
})

test('a folder that is named is used as it is, and refused when it is something else', async () => {
  const named = join(folder, 'there')
  assert.equal((await findTree(settings({ SKIFF_BUILDROOT: named }), report, never)).path, named)
  for (const [name, text] of [
    ['empty/x', ''],
    ['other/Makefile', 'all:\n'],
  ] as const) {
    await writeFiles(folder, { [name]: text })
    const tree = settings({ SKIFF_BUILDROOT: join(folder, name, '..') })
    await assert.rejects(findTree(tree, report, never), (error) => isFailure(error, 'buildroot-unfit'))
  }
})

test('without settings the pinned release of the project is meant', () => {
  const { release, tree, cache } = buildrootSettings({ HOME: '/home/x' })
  assert.deepEqual([release, tree, cache], [PINNED, undefined, '/home/x/.cache/skiff/buildroot'])
})

test('settings that are none are refused', () => {
  for (const env of [
    { SKIFF_BUILDROOT_URL: 'ftp://x/y' },
    { SKIFF_BUILDROOT_SHA256: 'abc' },
    { SKIFF_JOBS: '0' },
  ])
    assert.throws(
      () => buildrootSettings(env),
      (error) => isFailure(error, 'setting-invalid'),
    )
})

test('a path that make cannot bear is refused before make sees it', () => {
  assert.equal(requireFit('/srv/skiff-1.0_a', 'X'), '/srv/skiff-1.0_a')
  for (const path of ['/my board', '/a:b', '/a$(id)', "/it's", '/a;b'])
    assert.throws(
      () => requireFit(path, 'SKIFF_WORKSPACES'),
      (error) => isFailure(error, 'path-unfit') && /SKIFF_WORKSPACES/.test(error.hint),
      path,
    )
})
