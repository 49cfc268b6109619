import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import tarStream, { type Header } from 'tar-stream'
import { isFailure } from '../../../../src/core/errors.ts'
import {
  type AddedEntry,
  judgeEntry,
  packRootfs,
  type RootfsRules,
} from '../../../../src/host/docker/rootfs.ts'
import { filesOfTar } from '../../../../src/host/docker/tar-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-rootfs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const LATEST = new Date('2026-01-01T00:00:00Z')
const rules: RootfsRules = { latest: LATEST, without: () => false }

const header = (entry: Partial<Header>): Header => ({
  ...{ name: './etc/file', size: 0, mode: 0o644, mtime: new Date(0), type: 'file', linkname: '' },
  ...{ uid: 0, gid: 0, uname: 'me', gname: 'us', devmajor: 0, devminor: 0, pax: null },
  ...entry,
})
const judge = (entry: Partial<Header>, with_: Partial<RootfsRules> = {}) =>
  judgeEntry(header(entry), { ...rules, ...with_ })

let written = 0
async function pack(
  entries: readonly (Partial<Header> & { name: string; content?: string })[],
  with_: Partial<RootfsRules> = {},
  add?: () => Promise<AddedEntry[]>,
) {
  const tar = tarStream.pack()
  for (const { content = '', ...entry } of entries) tar.entry(entry, content)
  tar.finalize()
  const file = join(folder, `${++written}.tar`)
  return { ...(await packRootfs(tar as unknown as Readable, file, { ...rules, ...with_ }, add)), file }
}

test('names become paths without a dot in front, owners numbers, and no time is younger than the day', () => {
  const kept = judge({ mtime: new Date('2027-01-01'), uid: 33, mode: 0o4755 })
  assert.equal(kept?.name, 'etc/file')
  assert.equal(kept?.uname, undefined)
  assert.equal(kept?.uid, 33)
  assert.equal((kept?.mode ?? 0) & 0o7777, 0o4755)
  assert.deepEqual(kept?.mtime, LATEST)
  assert.deepEqual(judge({ mtime: new Date(1000) })?.mtime, new Date(1000))
})

test('devices, pipes and the root itself are left out', () => {
  for (const type of ['block-device', 'character-device', 'fifo'] as const)
    assert.equal(judge({ type }), undefined)
  assert.equal(judge({ name: './', type: 'directory' }), undefined)
})

test('what leads out of the root is refused', () => {
  for (const entry of [
    { name: '../x' },
    { name: 'a/../../x' },
    { name: 'a/..' },
    { name: '/etc/passwd' },
    { name: 'a\0b' },
    { name: 'etc/.wh.passwd' },
    { name: '.wh..wh..opq' },
    { name: 'a', type: 'symlink', linkname: '../x' },
    { name: 'a/b', type: 'symlink', linkname: 'c/../../../x' },
    { name: 'a', type: 'symlink', linkname: '' },
    { name: 'a', type: 'link', linkname: '../x' },
    { name: 'a', type: 'link', linkname: '/etc/passwd' },
    { name: 'a', type: 'link', linkname: '' },
  ] as const)
    assert.throws(
      () => judge(entry),
      (error) => isFailure(error, 'rootfs-invalid'),
      JSON.stringify(entry),
    )
})

test('links inside the root are kept, absolute ones too', () => {
  for (const [name, linkname] of [
    ['usr/bin/awk', '/etc/alternatives/awk'],
    ['lib/a', '../usr/lib/a'],
    ['a', './b'],
    ['a/b/c', '../../d'],
  ] as const)
    assert.equal(judge({ name, type: 'symlink', linkname })?.linkname, linkname)
  assert.equal(judge({ type: 'link', linkname: './usr/bin/perl' })?.linkname, 'usr/bin/perl')
})

test('a second name of a file that is left out goes too', () => {
  const without = (path: string) => path.startsWith('usr/share/doc/')
  assert.equal(judge({ name: 'usr/x', type: 'link', linkname: './usr/share/doc/x' }, { without }), undefined)
})

test('extended attributes stay, other records of pax and those that are not text go', () => {
  const pax = { path: 'other', 'SCHILY.xattr.user.a': 'x', 'SCHILY.xattr.security.capability': '\ufffd\0' }
  assert.deepEqual(judge({ pax })?.pax, { 'SCHILY.xattr.user.a': 'x' })
  assert.equal(judge({ pax: { path: 'other' } })?.pax, undefined)
})

test('writes the layer with its digest, for nobody else to read, and hands over what is asked for', async () => {
  const entries = [
    { name: './a', content: 'one' },
    { name: './b/', type: 'directory' },
    { name: './b/c', content: 'x'.repeat(100_000) },
    { name: './gone', content: 'secret' },
  ] as const
  const without = (path: string) => path === 'gone'
  const read = (path: string) => path === 'a' || path === 'gone'
  const made = await pack(entries, { without, read }, async () => [
    { path: 'etc', folder: true, mode: 0o700, owner: 8 },
    { path: 'etc/added', content: 'two', mode: 0o600 },
    { path: 'etc/link', link: 'added' },
  ])
  const bytes = readFileSync(made.file)
  assert.equal(made.bytes, bytes.length)
  assert.equal(made.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  assert.equal(statSync(made.file).mode & 0o777, 0o600)
  assert.deepEqual(
    [...made.read].map(([path, content]) => `${path}=${content}`),
    ['a=one', 'gone=secret'],
  )
  const files = await filesOfTar(bytes, () => true)
  assert.deepEqual([...files.keys()], ['a', 'b/c', 'etc/added'])
  assert.equal(files.get('b/c')?.length, 100_000)
})

test('the same entries make the same layer', async () => {
  const entries = (uname: string) => [{ name: './a', content: 'one', uname, mtime: new Date('2030-01-01') }]
  assert.equal((await pack(entries('me'))).digest, (await pack(entries('you'))).digest)
})

test('an entry that is refused ends it, and a tar that is cut', async () => {
  await assert.rejects(pack([{ name: 'a', content: 'x' }, { name: '../b' }]), (error) =>
    isFailure(error, 'rootfs-invalid'),
  )
  const tar = tarStream.pack()
  tar.entry({ name: 'a' }, 'x'.repeat(5000))
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk)
  const cut = Readable.from([Buffer.concat(chunks).subarray(0, 3000)])
  await assert.rejects(packRootfs(cut, join(folder, 'cut.tar'), rules), /Unexpected end of data/)
  const noTar = Readable.from([Buffer.alloc(2048, 'x')])
  await assert.rejects(packRootfs(noTar, join(folder, 'none.tar'), rules), /Invalid tar header/)
})

test('a file that is there already is not written over', async () => {
  await assert.rejects(packRootfs(Readable.from([Buffer.alloc(1024)]), folder, rules), {
    code: /EEXIST|EISDIR/,
  })
})
