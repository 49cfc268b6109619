import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyboxPackage, busyboxTree, isBusybox } from '../../../../src/host/ground/busybox.ts'
import { addedFiles, withoutPath } from '../../../../src/host/ground/debian-image.ts'

test('an image goes without what an engine writes, caches and what differs from run to run', () => {
  for (const path of [
    'etc/hostname',
    'etc/resolv.conf',
    'var/lib/apt/lists/mirror_InRelease',
    'var/cache/apt/pkgcache.bin',
    'var/cache/apt/archives/x.deb',
    'var/log/dpkg.log',
    'var/lib/dpkg/status-old',
    'etc/passwd-',
    'run/x.pid',
  ])
    assert.equal(withoutPath(path, false), true, path)
  for (const path of [
    'etc/hosts',
    'etc/apt/sources.list',
    'var/lib/dpkg/status',
    'var/lib/apt/lists',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/log/apt',
    'run',
    'tmp',
    'usr/share/doc/libc6/changelog.gz',
  ])
    assert.equal(withoutPath(path, false), false, path)
})

test('a slim one goes without documentation and translations, but not without licences and folders of manuals', () => {
  for (const path of [
    'usr/share/doc/libc6/changelog.gz',
    'usr/share/man/man1/ls.1.gz',
    'usr/share/man/de/man1/ls.1.gz',
    'usr/share/info/dir',
    'usr/share/locale/de/LC_MESSAGES/x.mo',
    'usr/share/lintian/overrides/x',
  ])
    assert.equal(withoutPath(path, true), true, path)
  for (const path of [
    'usr/share/doc/libc6/copyright',
    'usr/share/doc/libc6',
    'usr/share/man/man1',
    'usr/share/locale/locale.alias',
    'usr/share/common-licenses/GPL-3',
    'usr/lib/locale/C.utf8/LC_CTYPE',
  ])
    assert.equal(withoutPath(path, true), false, path)
})

test('a slim image stays slim when packages are added', () => {
  const paths = addedFiles(true).map(({ path }) => path)
  assert.ok(paths.includes('etc/dpkg/dpkg.cfg.d/docker-slim'))
  assert.ok(!addedFiles(false).some(({ path }) => path.endsWith('docker-slim')))
  for (const path of paths) assert.equal(withoutPath(path, true), false, path)
})

test('busybox is found where each suite has it, and its applets are links to it', () => {
  assert.ok(isBusybox('bin/busybox') && isBusybox('usr/bin/busybox') && !isBusybox('usr/share/busybox'))
  const tree = busyboxTree(Buffer.from('x'), ['sh', '[', 'busybox', 'sh', '../evil', 'a b'])
  const links = tree.filter((entry) => 'link' in entry).map(({ path }) => path)
  assert.deepEqual(links, ['bin/[', 'bin/sh', 'usr/bin/env'])
  const shadow = tree.find(({ path }) => path === 'etc/shadow')
  assert.equal(shadow?.mode, 0o600)
  assert.match(shadow && 'content' in shadow ? String(shadow.content) : '', /^root:\*:/)
})

test('reads the package of busybox off its banner', () => {
  const banner = 'BusyBox v1.35.0 (Debian 1:1.35.0-4+b5) multi-call binary.\n'
  assert.equal(busyboxPackage(banner), 'busybox-static=1:1.35.0-4+b5')
  assert.equal(busyboxPackage('BusyBox v1.37.0 () multi-call'), 'busybox-static=1.37.0')
  assert.equal(busyboxPackage('something else'), 'busybox-static=unknown')
})
