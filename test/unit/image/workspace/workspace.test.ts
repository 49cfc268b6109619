import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { clean, mountsBelow } from '../../../../src/image/workspace/clean.ts'
import { look, recordOf, writeDown } from '../../../../src/image/workspace/configure.ts'
import { lockWorkspace, openWorkspace, resolveWorkspace } from '../../../../src/image/workspace/open.ts'
import { writeRecord } from '../../../../src/image/workspace/record.ts'
import { parseWorkspaceName, workspacePaths } from '../../../../src/image/workspace/workspace.ts'
import { type Files, makeTree, writeFiles } from '../packages/tree.ts'

const FILES: Files = {
  'buildroot/configs/skiff/base/kernel/base': 'CONFIG_BLK_DEV_INITRD=y\n',
  'buildroot/configs/skiff/base/debian/packages': 'systemd\n',
  'buildroot/configs/odroid/xu4/kernel/usb': 'CONFIG_USB=y\n',
  'buildroot/configs/odroid/xu4/root_overlay/etc/x!': 'x\n',
  'buildroot/configs/virt/qemu/kernel/virtio': 'CONFIG_VIRTIO=y\n',
}
const signal = new AbortController().signal
const MANIFEST = {
  files: [{ name: 'kernel', size: 4, sha256: 'a'.repeat(64) }],
  checksum: 'x',
  assembler: 'buildroot',
  architecture: 'arm64',
  chain: ['skiff/base'],
}

/** A checkout with packages, and what a user of it does. */
function checkout(t: TestContext, files: Files = FILES) {
  const root = makeTree(t, files)
  const open = (env: NodeJS.ProcessEnv = {}) => openWorkspace({ env, root })
  const configure = async (env: NodeJS.ProcessEnv = {}) => {
    const opened = await open(env)
    const seen = await look(opened, signal)
    return { ...seen, written: (await lockedWrite(opened, seen)) as string[] }
  }
  const lockedWrite = async (...[opened, seen]: Parameters<typeof writeDown>) => {
    using _lock = await lockWorkspace(opened)
    return await writeDown(opened, seen)
  }
  /** As if an assembler had made all that the plan says. */
  const compiled = async (env: NodeJS.ProcessEnv = {}) => {
    await configure(env)
    const opened = await open(env)
    const seen = await look(opened, signal)
    const paths = workspacePaths(opened.folder)
    writeFiles(opened.folder, { 'output/kernel': 'abcd', 'output/manifest.json': JSON.stringify(MANIFEST) })
    await writeRecord(paths.state, { ...recordOf(opened, seen), compiled: seen.state })
  }
  const steps = async (env: NodeJS.ProcessEnv = {}) =>
    (await look(await open(env), signal)).steps.map(
      ({ target, reasons }) => `${target}: ${reasons.join('; ')}`,
    )
  const path = (...words: string[]) => join(root, ...words)
  return { root, open, configure, compiled, steps, path }
}

const XU4 = { SKIFF_CONFIG: 'odroid/xu4', SKIFF_ASSEMBLER: 'buildroot' }

describe('a workspace', () => {
  it('has a name in lower case, of letters that fit a path', () => {
    assert.equal(parseWorkspaceName('Tutorial_1'), 'tutorial_1')
    for (const name of ['', '.', '..', 'a/b', '-x', 'a b', 'x'.repeat(64)])
      assert.throws(() => parseWorkspaceName(name), /invalid workspace/)
  })

  it('remembers its chain, its extra paths and its assembler', async (t) => {
    const { configure, open, root } = checkout(t)
    const extra = makeTree(t, { 'my/board/kernel/x': 'CONFIG_MY=y\n' })
    await configure({
      SKIFF_CONFIG: 'my/board odroid/xu4',
      SKIFF_EXTRA_CONFIGS_PATH: extra,
      SKIFF_ASSEMBLER: 'buildroot',
    })
    const opened = await open()
    assert.deepEqual(
      [opened.asked, opened.extra, opened.remembered],
      [['my/board', 'odroid/xu4'], [extra], true],
    )
    assert.equal(opened.options.SKIFF_ASSEMBLER, 'buildroot')
    const { chain } = await resolveWorkspace(opened)
    assert.deepEqual(
      chain.packages.map(({ name }) => name),
      ['skiff/base', 'my/board', 'odroid/xu4'],
    )
    // another workspace knows nothing of it
    assert.equal((await openWorkspace({ env: { SKIFF_WORKSPACE: 'other' }, root })).asked, undefined)
  })

  it('without a chain says what to do', async (t) => {
    const { open } = checkout(t)
    await assert.rejects(resolveWorkspace(await open()), (error) =>
      isFailure(error, 'workspace-unconfigured'),
    )
  })

  it('writes the merged fragments, and again only those that differ', async (t) => {
    const { configure, path } = checkout(t)
    const { written } = await configure(XU4)
    assert.ok(written.includes('kernel'))
    assert.match(
      readFileSync(path('workspaces/default/config/kernel'), 'utf8'),
      /# from skiff\/base: kernel\/base\nCONFIG_BLK_DEV_INITRD=y\n\n# from odroid\/xu4: kernel\/usb\nCONFIG_USB=y\n$/,
    )
    assert.deepEqual((await configure()).written, [])
    writeFileSync(path('workspaces/default/config/kernel'), 'broken')
    assert.deepEqual((await configure()).written, ['kernel'])
  })

  it('takes away a list that no layer has any more', async (t) => {
    const { configure, path } = checkout(t)
    await configure(XU4)
    assert.ok(existsSync(path('workspaces/default/config/debian.packages')))
    rmSync(path('buildroot/configs/skiff/base/debian'), { recursive: true })
    await configure()
    assert.ok(!existsSync(path('workspaces/default/config/debian.packages')))
  })

  it('forgets its extra paths for none', async (t) => {
    const { configure, open } = checkout(t)
    await configure({ ...XU4, SKIFF_EXTRA_CONFIGS_PATH: makeTree(t) })
    await configure({ SKIFF_EXTRA_CONFIGS_PATH: 'none' })
    assert.deepEqual((await open()).extra, [])
  })

  it('has a layer of its own, which comes last', async (t) => {
    const { configure, path } = checkout(t)
    writeFiles(path('workspaces/default/overrides'), { 'kernel/zz': '# CONFIG_USB is not set\n' })
    const { layers, workspace } = await configure(XU4)
    assert.equal(layers.fragments.kernel.effective.at(-1)?.value, 'n')
    assert.equal(workspace.chain.packages.at(-1)?.name, 'workspace/overrides')
  })

  it('is had by one skiff at a time', async (t) => {
    const { open } = checkout(t)
    const opened = await open(XU4)
    using _lock = await lockWorkspace(opened)
    await assert.rejects(lockWorkspace(opened), (error) => isFailure(error, 'workspace-busy'))
  })
})

describe('a change since the last compile is recognised', () => {
  it('and nothing is to do when there is none', async (t) => {
    const { compiled, steps } = checkout(t)
    await compiled(XU4)
    assert.deepEqual(await steps(), [])
  })

  it('of a file of a package, which the ancestor missed', async (t) => {
    const { compiled, steps, path } = checkout(t)
    await compiled(XU4)
    appendFileSync(path('buildroot/configs/odroid/xu4/kernel/usb'), '# a remark\n')
    assert.deepEqual(await steps(), [])
    appendFileSync(path('buildroot/configs/odroid/xu4/kernel/usb'), 'CONFIG_USB_ACM=m\n')
    assert.deepEqual((await steps())[0], 'kernel: odroid/xu4: kernel/usb changed')
  })

  it('of what a hook reads besides its package', async (t) => {
    const { root, compiled, steps } = checkout(t, {
      ...FILES,
      'src/program.ts': '1\n',
      'buildroot/configs/odroid/xu4/hooks/inputs': '# the program\n../../../../src\n',
    })
    const env = { SKIFF_CONFIG: 'odroid/xu4' }
    await compiled(env)
    assert.deepEqual(await steps(env), [])
    writeFiles(root, { 'src/program.ts': '2\n' })
    const [step = ''] = await steps(env)
    assert.match(String(step), /program\.ts changed/)
    writeFiles(root, { 'buildroot/configs/odroid/xu4/hooks/inputs': '../nowhere\n' })
    await assert.rejects(steps(env), /hooks\/inputs: there is no \.\.\/nowhere/)
  })

  it('of an overlay: content, permission, a link', async (t) => {
    const { compiled, steps, path } = checkout(t)
    const overlay = path('buildroot/configs/odroid/xu4/root_overlay/etc')
    await compiled(XU4)
    chmodSync(join(overlay, 'x'), 0o644)
    assert.deepEqual((await steps())[0], 'root: odroid/xu4: root_overlay/etc/x changed')
    await compiled()
    symlinkSync('/dev/null', join(overlay, 'masked'))
    assert.deepEqual((await steps())[0], 'root: odroid/xu4: root_overlay/etc/masked is new')
    await compiled()
    rmSync(join(overlay, 'masked'))
    symlinkSync('/dev/zero', join(overlay, 'masked'))
    assert.deepEqual((await steps())[0], 'root: odroid/xu4: root_overlay/etc/masked changed')
  })

  it('of the chain, with what it touches', async (t) => {
    const { compiled, steps } = checkout(t)
    await compiled(XU4)
    const [first] = await steps({ SKIFF_CONFIG: 'odroid/xu4,virt/qemu' })
    assert.equal(first, 'kernel: the chain changed: +virt/qemu; virt/qemu: kernel/virtio is new')
  })

  it('of an option', async (t) => {
    const { compiled, steps } = checkout(t)
    await compiled(XU4)
    assert.deepEqual(await steps({ SKIFF_ASSEMBLER: 'debian' }), [
      'everything: SKIFF_ASSEMBLER was buildroot and is debian',
    ])
  })

  it('of the output, when a file of it is gone or cut short', async (t) => {
    const { compiled, steps, path } = checkout(t)
    await compiled(XU4)
    writeFileSync(path('workspaces/default/output/kernel'), 'abc')
    assert.deepEqual(await steps(), ['image: kernel in its output has 3 bytes in place of 4'])
    rmSync(path('workspaces/default/output'), { recursive: true })
    assert.deepEqual(await steps(), ['image: there is no manifest.json in its output'])
  })
})

describe('what a workspace remembers may be spoilt', () => {
  const spoil = async (t: TestContext, content: string) => {
    const { configure, open, path } = checkout(t)
    await configure(XU4)
    writeFileSync(path('workspaces/default/workspace.json'), content)
    return open()
  }

  it('by another version: it says which, and what to do', async (t) => {
    const newer = { format: 2, version: '9.1', asked: [], extra: [], options: {} }
    await assert.rejects(spoil(t, JSON.stringify(newer)), (error) => {
      assert.ok(isFailure(error, 'workspace-version'))
      assert.match(error.hint, /skiff clean --force/)
      return /another version \(Skiff 9.1\)/.test(error.message)
    })
  })

  it('by something that is no JSON, or a name that is no package', async (t) => {
    await assert.rejects(spoil(t, '{"format":1,'), (error) => isFailure(error, 'workspace-version'))
    const odd = { format: 1, version: '0', asked: ['../../x'], extra: [], options: {} }
    await assert.rejects(spoil(t, JSON.stringify(odd)), (error) => isFailure(error, 'workspace-version'))
  })

  it('and clean makes it usable again', async (t) => {
    const { configure, open, path } = checkout(t)
    await configure(XU4)
    const folder = path('workspaces/default')
    writeFiles(folder, { 'overrides/kernel/x': '', 'output/kernel': '' })
    assert.deepEqual(await clean('default', folder, false), ['config', 'output'])
    assert.deepEqual((await open()).asked, ['odroid/xu4'])
    writeFileSync(join(folder, 'workspace.json'), '{}')
    await assert.rejects(clean('default', folder, false), (error) => isFailure(error, 'workspace-version'))
    assert.deepEqual(await clean('default', folder, true), ['workspace.json'])
    assert.equal((await open()).asked, undefined)
    assert.ok(existsSync(join(folder, 'overrides/kernel/x')))
  })
})

it('clean sees what is mounted below a workspace, blanks and all', () => {
  const mounts = 'proc /proc proc rw 0 0\nx /w/a\\040b/root ext4 rw 0 0\nx /w/a\\040bc ext4 rw 0 0\n'
  assert.deepEqual(mountsBelow(mounts, '/w/a b'), ['/w/a b/root'])
})
