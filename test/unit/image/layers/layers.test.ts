import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { explainSymbol, explanation, nearSymbol } from '../../../../src/image/layers/explain.ts'
import { mergeLayers } from '../../../../src/image/layers/layers.ts'
import { textsIn, treeIn } from '../../../../src/image/layers/read.ts'
import { chainIn, type Files, makeTree } from '../packages/tree.ts'

const layersOf = async (t: TestContext, files: Files, ...asked: string[]) => {
  const folder = makeTree(t, files)
  const { packages } = await chainIn(folder, ...asked)
  return { folder, layers: await mergeLayers(packages) }
}

describe('the layers of a chain', () => {
  it('are joined file by file in byte order, names with a dot in front left out', async (t) => {
    const files = {
      'a/a/kernel/9-b': 'CONFIG_A="9"\n',
      'a/a/kernel/10-a': 'CONFIG_A="10"\n',
      'a/a/kernel/.gitkeep': '',
      'b/b/kernel/x': 'CONFIG_B=y\n',
    }
    const { layers } = await layersOf(t, files, 'a/a', 'b/b')
    assert.deepEqual(
      layers.fragments.kernel.effective.map(({ symbol, value }) => [symbol, value]),
      [
        ['CONFIG_A', '"9"'],
        ['CONFIG_B', 'y'],
      ],
    )
  })

  it('give one line of flags, one users table, and their folders in order', async (t) => {
    const files = {
      'a/a/cflags/x': '# why\n-O2\n',
      'b/b/cflags/x': '  -mcpu=cortex-a72 -pipe\n',
      'a/a/users/x': 'crew -1 crew -1 * /home/crew /bin/sh - Crew',
      'b/b/users/x': 'core -1 core -1 * - - - Core\n',
      'b/b/root_overlay/etc/x': '',
      'a/a/root_overlay/etc/x': '',
      'a/a/hooks/pre.sh!': '#!/bin/sh\n',
      'b/b/buildroot_patches/x/0001.patch': '',
    }
    const { layers, folder } = await layersOf(t, files, 'b/b', 'a/a')
    assert.equal(layers.cflags, '-mcpu=cortex-a72 -pipe -O2')
    assert.equal(layers.users, 'core -1 core -1 * - - - Core\ncrew -1 crew -1 * /home/crew /bin/sh - Crew\n')
    assert.deepEqual(layers.folders.root_overlay, [
      { layer: 'b/b', path: join(folder, 'b/b/root_overlay') },
      { layer: 'a/a', path: join(folder, 'a/a/root_overlay') },
    ])
    assert.deepEqual(layers.hooks, {
      pre: [{ layer: 'a/a', path: join(folder, 'a/a/hooks/pre.sh') }],
      post: [],
    })
    assert.equal(layers.folders.buildroot_patches.length, 1)
  })

  it('join the lists of debian/: a word once, and -word takes it out again', async (t) => {
    const files = {
      'a/a/debian/packages': 'systemd # the init\n\n# net\nwpasupplicant\nsystemd\n',
      'a/a/debian/packages.arm64': 'firmware-brcm80211\n',
      'a/a/debian/prune.rules': 'a form of its own\n',
      'b/b/debian/packages': '-wpasupplicant\ngit\n-never-there\n',
    }
    const { layers } = await layersOf(t, files, 'a/a', 'b/b')
    assert.deepEqual(Object.keys(layers.debian), ['packages', 'packages.arm64'])
    assert.deepEqual(
      layers.debian.packages?.map(({ word }) => word),
      ['systemd', 'git'],
    )
    assert.deepEqual([layers.debian.packages?.[1]?.layer, layers.debian.packages?.[1]?.line], ['b/b', 2])
  })
})

describe('a package that came from somebody else', () => {
  const refused = (t: TestContext, files: Files, message: RegExp) =>
    assert.rejects(layersOf(t, files, 'a/a'), message)

  it('is refused with the line that is no UTF-8', async (t) => {
    const content = Buffer.concat([Buffer.from('CONFIG_A=y\n# '), Buffer.from([0xff, 0xfe, 10])])
    await refused(t, { 'a/a/kernel/x': content }, /a\/a\/kernel\/x:2: it is not UTF-8 text/)
    await refused(t, { 'a/a/kernel/x': 'CONFIG_A=y\n\0\n' }, /a\/a\/kernel\/x:2: it is not UTF-8 text/)
  })

  it('is refused when a folder lies among its files', (t) =>
    refused(t, { 'a/a/kernel/sub/x': '' }, /a\/a\/kernel\/sub: it is not a file/))

  it('is refused when a list has a line that is no word', async (t) => {
    await refused(
      t,
      { 'a/a/debian/packages': 'git\nrm -rf /\n' },
      /debian\/packages:2: "rm -rf \/" is no word/,
    )
    await refused(t, { 'a/a/debian/packages': '--option\n' }, /debian\/packages:1: "--option" is no word/)
  })

  it('is refused when its Buildroot extension is none', (t) =>
    refused(
      t,
      { 'a/a/buildroot_ext/Config.in': '', 'a/a/buildroot_ext/external.mk': '' },
      /lacks external.desc/,
    ))

  it('is refused when a link leads out of it, be it a file, a folder or a circle', async (t) => {
    const outside = makeTree(t, { 'secret/x': 'CONFIG_A=y\n' })
    const folder = makeTree(t, {
      'a/a/kernel': null,
      'b/b': null,
      'c/c/kernel': null,
      'd/d/kernel/real': 'CONFIG_A=y\n',
    })
    symlinkSync(join(outside, 'secret/x'), join(folder, 'a/a/kernel/x'))
    symlinkSync(join(outside, 'secret'), join(folder, 'b/b/kernel'))
    symlinkSync('x', join(folder, 'c/c/kernel/x'))
    symlinkSync('real', join(folder, 'd/d/kernel/x'))
    const merge = async (name: string) => mergeLayers((await chainIn(folder, name)).packages)
    await assert.rejects(merge('a/a'), /a link leads out of the package a\/a/)
    await assert.rejects(merge('b/b'), /a link leads out of the package b\/b/)
    await assert.rejects(merge('c/c'), /its links lead in a circle/)
    assert.equal((await merge('d/d')).fragments.kernel.all.length, 2)
  })

  it('may have links in its overlay wherever they lead: they are told and not followed', async (t) => {
    const outside = makeTree(t, { 'many/files': '' })
    const folder = makeTree(t, { 'a/root_overlay/etc/x': '' })
    symlinkSync(outside, join(folder, 'a/root_overlay/etc/out'))
    symlinkSync('/dev/null', join(folder, 'a/root_overlay/etc/masked.service'))
    const entries = await treeIn({ name: 'x/a', path: join(folder, 'a') }, 'root_overlay')
    assert.deepEqual(
      entries.map(({ inside, kind }) => `${kind} ${inside}`),
      [
        'folder root_overlay/etc',
        'link root_overlay/etc/masked.service',
        'link root_overlay/etc/out',
        'file root_overlay/etc/x',
      ],
    )
  })

  it('is refused when it holds a pipe, which would never end', async (t) => {
    const folder = makeTree(t, { 'a/a/root_overlay': null })
    execFileSync('mkfifo', [join(folder, 'a/a/root_overlay/pipe')])
    await assert.rejects(
      treeIn({ name: 'a/a', path: join(folder, 'a/a') }, 'root_overlay'),
      /no file, folder or link/,
    )
    mkdirSync(join(folder, 'a/a/kernel'))
    execFileSync('mkfifo', [join(folder, 'a/a/kernel/pipe')])
    await assert.rejects(textsIn({ name: 'a/a', path: join(folder, 'a/a') }, 'kernel'), /it is not a file/)
  })
})

describe('explain', () => {
  const files = {
    'a/a/kernel/x': '# first\nCONFIG_USB=m\n',
    'b/b/kernel/y': 'CONFIG_USB=y\nCONFIG_USB_ACM=m\n',
    'b/b/buildroot/z': 'BR2_PACKAGE_GIT=y\n',
  }

  it('shows what each layer says with file and line, and which is in force', async (t) => {
    const { layers, folder } = await layersOf(t, files, 'a/a', 'b/b')
    const found = explainSymbol(layers, 'CONFIG_USB')
    assert.equal(
      found.map(explanation).join(''),
      [
        'CONFIG_USB (kernel)\n',
        `       CONFIG_USB=m  a/a  ${folder}/a/a/kernel/x:2\n`,
        `    -> CONFIG_USB=y  b/b  ${folder}/b/b/kernel/y:1\n`,
      ].join(''),
    )
  })

  it('finds a symbol without its prefix, and names one that is spelled alike', async (t) => {
    const { layers } = await layersOf(t, files, 'a/a', 'b/b')
    assert.deepEqual(explainSymbol(layers, 'git'), [])
    assert.deepEqual(
      explainSymbol(layers, 'GIT').map(({ symbol }) => symbol),
      ['BR2_PACKAGE_GIT'],
    )
    assert.deepEqual(
      explainSymbol(layers, 'USB=y').map(({ symbol }) => symbol),
      ['CONFIG_USB'],
    )
    assert.equal(nearSymbol(layers, 'PACKAGE_GTI'), 'BR2_PACKAGE_GIT')
  })
})
