import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommit, parseTree } from '../../../../src/host/git/tree-entries.ts'

const oid = Buffer.alloc(20, 0xab)
const entry = (mode: string, name: string | Buffer) =>
  Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), oid])

test('reads the kinds that git writes', () => {
  const modes = ['100644', '100755', '100664', '120000', '40000', '160000']
  const entries = parseTree(Buffer.concat(modes.map((mode) => entry(mode, `n${mode}`))), 20)
  const kinds = ['file', 'executable', 'file', 'symlink', 'tree', 'submodule']
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    kinds,
  )
  assert.equal(entries[0]?.oid, 'ab'.repeat(20))
})

test('marks a name that is not UTF-8', () => {
  assert.equal(parseTree(entry('100644', Buffer.from([0x63, 0xe9])), 20)[0]?.utf8, false)
  assert.equal(parseTree(entry('100644', 'ü\n x'), 20)[0]?.name, 'ü\n x')
})

test('refuses names that could leave their folder, odd modes, and cut bytes', () => {
  for (const name of ['..', '.', '', 'a/b'])
    assert.throws(() => parseTree(entry('100644', name), 20), /named/)
  assert.throws(() => parseTree(entry('010644', 'fifo'), 20), /mode 10644 is unknown/)
  assert.throws(() => parseTree(entry('100644', 'a').subarray(0, 20), 20), /cut short/)
  assert.throws(() => parseTree(Buffer.from('garbage'), 20), /cut short/)
})

test('reads tree and time of a commit, and keeps the time to what a tar can say', () => {
  const commit = (time: string) =>
    `tree ${'a'.repeat(40)}\nauthor A <a> 1 +0000\ncommitter C <c> ${time} +0200\n\nx`
  assert.deepEqual(parseCommit(commit('1700000000')), { tree: 'a'.repeat(40), time: new Date(1.7e12) })
  assert.equal(parseCommit(commit('99999999999')).time.getTime(), (2 ** 31 - 1) * 1000)
  assert.throws(() => parseCommit('tree ../x\n\n'), /names no tree/)
})
