import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { alpineKeys } from '../../../../src/host/ground/alpine-keys.ts'
import {
  gzipMembers,
  parsePackages,
  readIndex,
  readPackage,
  UntrustedError,
} from '../../../../src/host/ground/apk-archive.ts'
import {
  makeIndex,
  makeKey,
  makePackage,
  signedFile,
  type TestPackage,
  tarOf,
} from '../../../engine/harness/alpine-repository.ts'

const key = makeKey('test-1.rsa.pub')
const stranger = makeKey('test-2.rsa.pub')
let tool: TestPackage
before(async () => {
  const files = [
    { name: 'sbin/apk.static', content: 'the program' },
    { name: 'sbin/other', content: 'x'.repeat(100_000) },
  ]
  tool = await makePackage(key, 'apk-tools-static', '2.14.4-r0', files)
})

const refused = (words: RegExp) => (error: unknown) =>
  error instanceof UntrustedError && words.test(error.message)

test('reads a signed index', async () => {
  const packages = await readIndex(await makeIndex(key, [tool]), key.ring)
  assert.deepEqual(packages, [{ name: 'apk-tools-static', version: '2.14.4-r0', checksum: tool.checksum }])
})

test('reads an index signed with SHA-256 too', async () => {
  const signed = gzipSync(await tarOf([{ name: 'APKINDEX', content: 'P:a\nV:1\n' }], false))
  const packages = await readIndex(await signedFile(key, signed, [], 'sha256'), key.ring)
  assert.deepEqual(packages, [{ name: 'a', version: '1', checksum: '' }])
})

test('refuses an index signed with a key that is not trusted, and names it', async () => {
  const index = await makeIndex(stranger, [tool])
  await assert.rejects(readIndex(index, key.ring), refused(/signed with test-2\.rsa\.pub, which is none of/))
})

test("refuses a stranger's index under the name of a key that is trusted", async () => {
  const liar = { ...stranger, name: key.name }
  await assert.rejects(readIndex(await makeIndex(liar, [tool]), key.ring), refused(/not as it was signed/))
})

test('refuses an index that was changed behind its signature', async () => {
  const honest = await makeIndex(key, [tool])
  const signature = gzipMembers(honest)[0]?.raw ?? new Uint8Array()
  const other = gzipMembers(await makeIndex(key, []))[1]?.raw ?? new Uint8Array()
  await assert.rejects(
    readIndex(Buffer.concat([signature, other]), key.ring),
    refused(/not as it was signed/),
  )
})

test('refuses an index without a signature, one that is cut, and what is none', async () => {
  const honest = await makeIndex(key, [tool])
  const [signature, signed] = gzipMembers(honest)
  await assert.rejects(readIndex(signed?.raw ?? new Uint8Array(), key.ring), refused(/not signed/))
  await assert.rejects(readIndex(signature?.raw ?? new Uint8Array(), key.ring), refused(/not signed/))
  await assert.rejects(readIndex(honest.subarray(0, honest.length - 5), key.ring), refused(/cut|damaged/))
  await assert.rejects(readIndex(Buffer.from('<html>'), key.ring), refused(/no gzip file/))
  await assert.rejects(readIndex(Buffer.alloc(0), key.ring), refused(/not signed/))
})

test('takes a file out of a package whose signature, checksum and data hold', async () => {
  assert.equal(String(await readPackage(tool.file, key.ring, tool, 'sbin/apk.static')), 'the program')
})

test('refuses a package whose data was changed', async () => {
  const other = await makePackage(key, 'apk-tools-static', '2.14.4-r0', [
    { name: 'sbin/apk.static', content: 'evil' },
  ])
  const parts = [...gzipMembers(tool.file).slice(0, 2), ...gzipMembers(other.file).slice(2)]
  const forged = Buffer.concat(parts.map(({ raw }) => raw))
  await assert.rejects(
    readPackage(forged, key.ring, tool, 'sbin/apk.static'),
    refused(/data is not what was signed/),
  )
})

test('refuses another package of the same key in its place, and an older one than the index has', async () => {
  const other = await makePackage(key, 'busybox', '1', [{ name: 'sbin/apk.static', content: 'other' }])
  const named = { ...tool, checksum: '' }
  await assert.rejects(
    readPackage(other.file, key.ring, named, 'sbin/apk.static'),
    refused(/another package/),
  )
  const older = await makePackage(key, tool.name, tool.version, [{ name: 'sbin/apk.static', content: 'old' }])
  await assert.rejects(
    readPackage(older.file, key.ring, tool, 'sbin/apk.static'),
    refused(/not the one in the index/),
  )
})

test('refuses a bomb', () => {
  const bomb = gzipSync(Buffer.alloc(80 * 2 ** 20))
  assert.throws(() => gzipMembers(bomb), refused(/damaged/))
})

test('knows the members of a gzip file with names and comments in its header', () => {
  const plain = gzipSync('two')
  const named = Buffer.concat([
    plain.subarray(0, 3),
    Buffer.from([8]),
    plain.subarray(4, 10),
    Buffer.from('name\0'),
    plain.subarray(10),
  ])
  const members = gzipMembers(Buffer.concat([gzipSync('one'), named, gzipSync('')]))
  assert.deepEqual(
    members.map(({ content }) => content.toString()),
    ['one', 'two', ''],
  )
  assert.equal(members[1]?.raw.length, named.length)
})

test('reads what is installed from the database of apk', () => {
  const text = 'C:Q1x=\nP:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl\n\nP:busybox\nV:1.36.1-r29\n\n'
  assert.deepEqual(
    parsePackages(text).map(({ name, version }) => `${name}=${version}`),
    ['musl=1.2.5-r0', 'busybox=1.36.1-r29'],
  )
})

test("has Alpine's keys for each of its ports, and trusts a port's alone", () => {
  for (const port of ['x86_64', 'x86', 'aarch64', 'armhf', 'armv7', 'riscv64', 'ppc64le', 's390x'])
    assert.ok(Object.keys(alpineKeys(port)).length >= 2, port)
  const names = Object.keys(alpineKeys('riscv64'))
  assert.ok(names.includes('alpine-devel@lists.alpinelinux.org-616db30d.rsa.pub'))
  assert.ok(!names.includes('alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub'))
})
