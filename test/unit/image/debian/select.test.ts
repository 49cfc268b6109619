import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readElfNeeds } from '../../../../src/host/archive/elf-needs.ts'
import { fileEntry, linkEntry, type Tree } from '../../../../src/host/archive/entry.ts'
import { withApplets, withLinks } from '../../../../src/image/debian/links.ts'
import { architectureFor, readOptions } from '../../../../src/image/debian/options.ts'
import { danglingLinks, select, withNeeds } from '../../../../src/image/debian/select.ts'
import { mergeList } from '../../../../src/image/set/lists.ts'
import {
  chooseModules,
  engineModules,
  kernelIn,
  kernelRelease,
  parseDependencies,
} from '../../../../src/image/set/modules.ts'
import { overlaid } from '../../../../src/image/set/overlay.ts'
import { patternOf } from '../../../../src/image/set/pattern.ts'

const system: Tree = new Map([
  ['usr/bin/a', fileEntry('a')],
  ['usr/bin/b', fileEntry('b')],
  ['usr/sbin/init', linkEntry('../lib/systemd/systemd')],
  ['usr/lib/systemd/systemd', fileEntry('systemd')],
  ['usr/share/doc/x', fileEntry('x')],
  ['bin', linkEntry('usr/bin')],
])

describe('a list', () => {
  it('is added to by later layers, and taken from with a dash', () => {
    assert.deepEqual(mergeList(['a', 'b'], '# words\n-a\n  c   d # why\n\nb\n'), ['b', 'c d'])
  })
})

describe('a pattern', () => {
  it('stays within a name with one star, and does not with two', () => {
    assert.ok(patternOf('usr/*/a').test('usr/bin/a'))
    assert.ok(!patternOf('usr/*').test('usr/bin/a'))
    assert.ok(patternOf('usr/**').test('usr/bin/a'))
    assert.ok(patternOf('usr/bin/{a,b}').test('usr/bin/b'))
    assert.ok(!patternOf('usr/bin/a.b').test('usr/bin/axb'))
  })

  it('that fits nothing is told, unless a question mark allows it', () => {
    assert.deepEqual(select(system, ['usr/bin/*', 'usr/bin/zz', '?usr/bin/yy']).idle, ['usr/bin/zz'])
  })

  it('takes away what an earlier one named', () => {
    assert.deepEqual([...select(system, ['usr/bin/*', '!usr/bin/a']).tree.keys()], ['usr/bin/b', 'bin'])
  })
})

describe('what is kept', () => {
  it('brings what its links lead to', () => {
    const { tree } = select(system, ['usr/sbin/init'])
    assert.ok(withNeeds(tree, system).has('usr/lib/systemd/systemd'))
  })

  it('has the loader where the program looks for it, also when that is a link in a folder of its own', () => {
    const program = readFileSync('/usr/bin/env')
    const needs = readElfNeeds(program)
    const path = `usr${needs?.interpreter}`
    assert.match(path, /^usr\/lib(64)?\/ld-/)
    const libraries = (needs?.needed ?? []).map((name) => [`usr/lib/${name}`, fileEntry('')] as const)
    const tree: Tree = new Map([
      ['lib', linkEntry('usr/lib')],
      ['lib64', linkEntry('usr/lib64')],
      ['usr/bin/env', fileEntry(program)],
      ...libraries,
      ['usr/lib/a-linux-b/loader.so.1', fileEntry('loader')],
      [path, linkEntry('/usr/lib/a-linux-b/loader.so.1')],
      [`usr/lib/a-linux-b/${path.split('/').at(-1)}`, fileEntry('loader')],
    ])
    const kept = withNeeds(select(tree, ['usr/bin/env']).tree, tree)
    assert.ok(kept.has(path), [...kept.keys()].join(' '))
    assert.ok(kept.has('usr/lib/a-linux-b/loader.so.1'))
  })

  it('shows links that lead to nothing, but not those into what is mounted later', () => {
    const links = withLinks(system, ['usr/bin/c nowhere', 'etc/mtab ../proc/self/mounts'], 'links')
    assert.deepEqual(danglingLinks(links), ['usr/bin/c'])
  })

  it('gets a command of BusyBox only where no program has the name', () => {
    const busybox = Buffer.from('\0a\0zz\0')
    const whole = withApplets(system, ['a', 'zz'], busybox)
    assert.deepEqual([whole.get('usr/bin/a')?.kind, whole.get('usr/bin/zz')?.kind], ['file', 'link'])
    assert.throws(() => withApplets(system, ['blkid'], busybox), { code: 'image-incomplete' })
  })

  it('is laid over through links of folders', () => {
    const whole = overlaid(system, new Map([['bin/a', fileEntry('mine')]]))
    const entry = whole.get('usr/bin/a')
    assert.equal(entry?.kind === 'file' && entry.content.toString(), 'mine')
    assert.ok(!whole.has('bin/a'))
  })
})

describe('kernel modules', () => {
  const needs = parseDependencies('k/a.ko: k/b.ko k/c.ko\nk/b.ko: k/c.ko\nk/c.ko:\nk/d.ko:\n')

  it('bring those they need', () => {
    assert.deepEqual([...chooseModules(needs, new Set(), ['k/a'])], ['k/a.ko', 'k/b.ko', 'k/c.ko'])
  })

  it('may be built in, and are an error when nobody has them', () => {
    assert.equal(chooseModules(needs, new Set(['k/e.ko']), ['k/e']).size, 0)
    assert.throws(() => chooseModules(needs, new Set(), ['k/zz']), { code: 'image-incomplete' })
  })

  it('are in the core or in the engine image, and what both need is in the core', () => {
    assert.deepEqual(engineModules(needs, new Set(), ['k/a'], chooseModules(needs, new Set(), ['k/b'])), [
      'k/a.ko',
    ])
    assert.throws(() => engineModules(needs, new Set(), ['k/zz'], new Set()), /engine-kernel-modules/)
  })

  it('belong to one kernel', () => {
    const one: Tree = new Map([['boot/vmlinuz-6.12-arm64', fileEntry('')]])
    assert.equal(kernelRelease(one), '6.12-arm64')
    const two: Tree = new Map([...one, ['boot/vmlinuz-6.13-arm64', fileEntry('')]])
    assert.throws(() => kernelRelease(two), /several: 6.12-arm64, 6.13-arm64/)
    assert.throws(() => kernelRelease(new Map()), { code: 'image-failed' })
  })

  it('may have their kernel beside them, as Debian has it after 13', () => {
    const kernel = fileEntry('kernel')
    const tree: Tree = new Map([
      ['usr/lib/modules/7.2-riscv64/vmlinux', kernel],
      ['usr/lib/modules/7.2-riscv64/kernel/vmlinux/a.ko', fileEntry('')],
      ['boot/config-7.2-riscv64', fileEntry('')],
    ])
    assert.equal(kernelRelease(tree), '7.2-riscv64')
    assert.equal(kernelIn(tree, '7.2-riscv64'), kernel)
    assert.equal(kernelIn(tree, '7.1-riscv64'), undefined)
  })
})

describe('settings', () => {
  it('have defaults, and take the time of a reproducible build', () => {
    assert.equal(readOptions({}, 5).time, 5)
    assert.equal(readOptions({ SOURCE_DATE_EPOCH: '17' }, 5).time, 17)
    assert.equal(readOptions({}, 5).suite, 'trixie')
  })

  it('are refused when they are no suite, mirror, option or time', () => {
    const bad = [
      { SKIFF_DEBIAN_SUITE: '-x' },
      { SKIFF_DEBIAN_MIRROR: 'file:///etc' },
      { SKIFF_DEBIAN_APT_OPTIONS: 'rm' },
      { SKIFF_PACKING: 'tiny' },
      { SOURCE_DATE_EPOCH: 'now' },
    ]
    for (const environment of bad)
      assert.throws(
        () => readOptions(environment, 5),
        { code: 'setting-invalid' },
        JSON.stringify(environment),
      )
  })

  it('name an architecture before the board does', () => {
    assert.equal(architectureFor({ SKIFF_ARCHITECTURE: 'amd64' }, ['arm64']), 'amd64')
    assert.equal(architectureFor({}, ['amd64', 'arm64']), 'arm64')
    assert.throws(() => architectureFor({}, []), { code: 'setting-invalid' })
    assert.throws(() => architectureFor({ SKIFF_ARCHITECTURE: 'vax' }, []), { code: 'setting-invalid' })
  })
})
