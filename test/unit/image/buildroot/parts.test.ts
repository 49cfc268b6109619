import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { type Entry, fileEntry, folderEntry, linkEntry } from '../../../../src/host/archive/entry.ts'
import { enginePackages, readEngineList } from '../../../../src/image/buildroot/engine-split.ts'
import { imageFiles } from '../../../../src/image/buildroot/image-files.ts'
import { parsePackageInfo } from '../../../../src/image/buildroot/package-info.ts'
import { filesOf, partRoot, releaseIn } from '../../../../src/image/buildroot/parts.ts'

const info = (dependencies: string[], neededBy: string[], rest: object = {}) => ({
  type: 'target',
  dependencies,
  reverse_dependencies: neededBy,
  ...rest,
})

const INFOS = parsePackageInfo(
  `make: warning\n${JSON.stringify({
    docker: info(['libseccomp', 'host-go'], []),
    nodejs: info(['nodejs-src'], [], { virtual: true }),
    'nodejs-src': info(['openssl', 'libuv'], ['nodejs'], { provides: ['nodejs'] }),
    openssh: info(['openssl'], []),
    openssl: info([], ['openssh', 'nodejs-src']),
    libuv: info([], ['nodejs-src']),
    libseccomp: info([], ['docker']),
    'host-go': { type: 'host', dependencies: [], reverse_dependencies: ['docker'] },
    'rootfs-tar': { type: 'rootfs', dependencies: [] },
  })}`,
)

test('the engine has what is named and what only that needs; what the core needs too stays in the core', () => {
  assert.deepEqual(enginePackages(INFOS, ['docker', 'nodejs', 'not-compiled']), [
    'docker',
    'libseccomp',
    'libuv',
    'nodejs',
    'nodejs-src',
  ])
  assert.deepEqual(enginePackages(INFOS, []), [])
})

test('a list of the engine has remarks', () => {
  assert.deepEqual(readEngineList('# what\ndocker git # and\n\n  tini\n'), ['docker', 'git', 'tini'])
})

test('files that two packages installed belong to both', () => {
  const list =
    'docker,./usr/bin/dockerd\ndocker,./usr/lib/x,y\nopenssh,./usr/bin/ssh\ndocker,./etc/a\nbase,./etc/a\n'
  assert.deepEqual([...filesOf(list, new Set(['docker']))], ['usr/bin/dockerd', 'usr/lib/x,y'])
})

const file = (text = 'x') => fileEntry(text)
const root = new Map<string, Entry>([
  ['lib', linkEntry('usr/lib')],
  ['usr', folderEntry()],
  ['usr/bin/busybox', file()],
  ['usr/bin/dockerd', file()],
  ['usr/lib/libdocker.so', file()],
  ['usr/lib/docker', folderEntry()],
  ['usr/lib/docker/plugin', file()],
  ['usr/lib/systemd/system/docker.service', file()],
  ['usr/lib/systemd/system/ssh.service', file()],
  ['usr/lib/modules/6.12.1', folderEntry()],
  ['usr/lib/modules/6.12.1/kernel/a.ko', file()],
  ['usr/lib/modules/6.12.1/kernel/b.ko', file()],
  ['etc/docker.conf', file()],
  [
    'etc/systemd/system/multi-user.target.wants/docker.service',
    linkEntry('/usr/lib/systemd/system/docker.service'),
  ],
  [
    'etc/systemd/system/multi-user.target.wants/ssh.service',
    linkEntry('../../../../usr/lib/systemd/system/ssh.service'),
  ],
  ['empty', folderEntry()],
  ['boot/Image', file()],
])
const engineFiles = new Set([
  'usr/bin/dockerd',
  'lib/libdocker.so',
  'usr/lib/docker/plugin',
  'usr/lib/systemd/system/docker.service',
  'etc/docker.conf',
])

test('the root is parted: core without the engine, engine without anything that is not merged', () => {
  const modules = {
    core: new Map([['usr/lib/modules/6.12.1/kernel/a.ko', file()]]),
    engine: new Map([['usr/lib/modules/6.12.1/kernel/veth.ko', file()]]),
  }
  const { core, engine } = partRoot(root, engineFiles, modules)
  assert.deepEqual([...engine.keys()].toSorted(), [
    'usr/bin/dockerd',
    'usr/lib/docker/plugin',
    'usr/lib/extension-release.d/extension-release.engine',
    'usr/lib/libdocker.so',
    'usr/lib/modules/6.12.1/kernel/veth.ko',
    'usr/lib/systemd/system/docker.service',
  ])
  assert.equal(releaseIn(root), '6.12.1')
  for (const path of [
    'usr/lib/modules/6.12.1/kernel/a.ko',
    'usr/lib/systemd/system/ssh.service',
    'etc/systemd/system/multi-user.target.wants/ssh.service',
    'empty',
    'mnt/persist',
  ])
    assert.ok(core.has(path), path)
  for (const path of [
    'usr/bin/busybox',
    'usr/lib/modules/6.12.1/kernel/b.ko',
    'usr/lib/docker',
    'etc/docker.conf',
    'etc/systemd/system/multi-user.target.wants/docker.service',
    'boot/Image',
  ])
    assert.ok(!core.has(path), path)
})

test('without an engine there is no engine image', () => {
  assert.equal(partRoot(root, new Set(), { core: new Map(), engine: new Map() }).engine.size, 0)
})

test('the set takes the kernel, the trees and what firmware and hooks left', () => {
  const files = imageFiles([
    'rootfs.tar',
    'Image.gz',
    'Image',
    'allwinner/sun50i-x.dtb',
    'rpi-firmware/start4.elf',
    'rpi-firmware/cmdline.txt',
    'rpi-firmware/overlays/a.dtbo',
    'boot/bootloader/bl1.bin',
    'u-boot.bin',
  ])
  assert.deepEqual(
    files.map(({ from, to }) => `${from} ${to}`),
    [
      'Image.gz kernel',
      'allwinner/sun50i-x.dtb dtbs/allwinner/sun50i-x.dtb',
      'rpi-firmware/start4.elf boot/start4.elf',
      'rpi-firmware/overlays/a.dtbo boot/overlays/a.dtbo',
      'boot/bootloader/bl1.bin boot/bootloader/bl1.bin',
    ],
  )
  assert.throws(
    () => imageFiles(['rootfs.tar']),
    (error) => isFailure(error, 'image-failed'),
  )
})
