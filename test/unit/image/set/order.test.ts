import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileEntry, linkEntry } from '../../../../src/host/archive/entry.ts'
import { readingOrder } from '../../../../src/image/set/order.ts'

const tree = new Map([
  ['usr/bin/a', fileEntry('a')],
  ['usr/bin/sshd', fileEntry('s')],
  ['usr/lib/systemd', fileEntry('i')],
  ['etc/hosts', linkEntry('../run/hosts')],
])

test('folders come first, then what patterns name in their order, then the rest by path', () => {
  assert.deepEqual(
    [...readingOrder(tree, ['usr/lib/*', 'usr/bin/ssh*', 'usr/bin/nobody']).keys()],
    ['etc', 'usr', 'usr/bin', 'usr/lib', 'usr/lib/systemd', 'usr/bin/sshd', 'etc/hosts', 'usr/bin/a'],
  )
})

test('the first pattern that fits counts, and those that one pattern fits stay in the order of their paths', () => {
  const order = [...readingOrder(tree, ['usr/bin/sshd', 'usr/**']).keys()]
  assert.deepEqual(order.slice(4), ['usr/bin/sshd', 'usr/bin/a', 'usr/lib/systemd', 'etc/hosts'])
})

test('nothing is lost or changed by an order', () => {
  const ordered = readingOrder(tree, ['**'])
  for (const [path, entry] of tree) assert.equal(ordered.get(path), entry)
})
