import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defconfig, hookFiles } from '../../../../src/image/buildroot/configuration.ts'
import { makeArguments, makeEnvironment } from '../../../../src/image/buildroot/make.ts'
import { fragment, layersWith } from './toy.ts'

const places = { folder: '/w/buildroot', config: '/w/config', downloads: '/c/downloads', jobs: 4 }
const at = (path: string) => ({ layer: 'toy/board', path: `/p/toy/board/${path}` })

test('nothing but fragments makes a configuration of fragments', () => {
  const layers = layersWith({
    fragments: { ...layersWith({}).fragments, buildroot: fragment('buildroot', 'BR2_aarch64=y\n') },
  })
  const text = defconfig(layers, places)
  assert.match(text, /^# from toy\/board: buildroot\/config\nBR2_aarch64=y\n/)
  assert.doesNotMatch(text, /BR2_ROOTFS_OVERLAY|FRAGMENT_FILES|USERS|OPTIMIZATION/)
  assert.match(text, /BR2_DL_DIR="\/c\/downloads"\nBR2_JLEVEL=4\n$/)
})

test('every other part of the layers is led to, behind what fragments say of the same lists', () => {
  const layers = layersWith({
    fragments: {
      ...layersWith({}).fragments,
      buildroot: fragment('buildroot', 'BR2_GLOBAL_PATCH_DIR="board/x/patches"\n'),
      kernel: fragment('kernel', 'CONFIG_EXT4_FS=y\n'),
    },
    cflags: '-O2 -DNAME=\\"x\\"',
    users: 'crew -1 crew -1 ! - - - -\n',
    folders: {
      ...layersWith({}).folders,
      root_overlay: [at('root_overlay'), { layer: 'b/c', path: '/p/b/c/root_overlay' }],
      buildroot_patches: [at('buildroot_patches')],
    },
    hooks: { pre: [], post: [at('hooks/post.sh')] },
  })
  const lines = defconfig(layers, places).split('\n')
  for (const line of [
    'BR2_ROOTFS_OVERLAY="/p/toy/board/root_overlay /p/b/c/root_overlay"',
    'BR2_GLOBAL_PATCH_DIR="board/x/patches /p/toy/board/buildroot_patches"',
    'BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES="/w/config/kernel"',
    'BR2_ROOTFS_USERS_TABLES="/w/config/users"',
    'BR2_ROOTFS_POST_IMAGE_SCRIPT="/w/buildroot/hooks/post-00.sh"',
    'BR2_TARGET_OPTIMIZATION="-O2 -DNAME=\\\\\\"x\\\\\\""',
  ])
    assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`)
})

test('a hook is told of which package it is', () => {
  const [first, second] = hookFiles(
    layersWith({ hooks: { pre: [at('hooks/pre.sh')], post: [at('hooks/post.sh')] } }),
    places,
  )
  assert.deepEqual([first?.name, second?.name], ['pre-00.sh', 'post-00.sh'])
  assert.match(
    second?.text ?? '',
    /^#!\/bin\/sh\n.*\nexport SKIFF_CURRENT_CONF_DIR=\/p\/toy\/board SKIFF_BUILDROOT_DIR=\/w\/buildroot\/out\nexec \/p\/toy\/board\/hooks\/post\.sh "\$@"\n$/,
  )
})

test('make is told where it works and of every external tree', () => {
  const build = { tree: { path: '/br', version: '1' }, out: '/w/out', external: ['/a', '/b'], env: {} }
  assert.deepEqual(makeArguments(build, ['all']), ['-C', '/br', 'O=/w/out', 'BR2_EXTERNAL=/a:/b', 'all'])
})

test('a compile sees no more of the environment than it needs, and a PATH that Buildroot takes', () => {
  const env = makeEnvironment(
    {
      PATH: '/my tools:.::/usr/bin:/usr/bin',
      HOME: '/h',
      CFLAGS: '-O9',
      BR2_DL_DIR: '/x',
      SKIFF_X: '1',
      https_proxy: 'p',
    },
    true,
  )
  assert.equal(env.PATH, '/usr/bin:/usr/local/sbin:/usr/sbin:/sbin:/bin')
  assert.deepEqual(
    [env.HOME, env.CFLAGS, env.BR2_DL_DIR, env.SKIFF_X, env.https_proxy, env.FORCE_UNSAFE_CONFIGURE],
    ['/h', undefined, undefined, '1', 'p', '1'],
  )
  assert.equal(makeEnvironment({}, false).FORCE_UNSAFE_CONFIGURE, undefined)
})
