import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { failure, isFailure } from '../../../../src/core/errors.ts'
import { silent } from '../../../../src/core/report.ts'
import type { AssembleCall, Assembler } from '../../../../src/image/assembler.ts'
import { compile } from '../../../../src/image/workspace/compile.ts'
import { readOutput } from '../../../../src/image/workspace/manifest.ts'
import { openWorkspace } from '../../../../src/image/workspace/open.ts'
import type { Workspace } from '../../../../src/image/workspace/workspace.ts'
import { makeTree, writeFiles } from '../packages/tree.ts'

const FILES = {
  'buildroot/configs/skiff/base/debian/packages': 'systemd\n',
  'buildroot/configs/virt/qemu/root_overlay/etc/x': 'x\n',
}

/** Makes a set of one file, and keeps how it was called. */
class Toy implements Assembler {
  readonly name = 'toy'
  readonly calls: AssembleCall[] = []
  /** What happens in place of the work. */
  instead: ((workspace: Workspace, call: AssembleCall) => Promise<void>) | undefined

  async assemble(workspace: Workspace, call: AssembleCall): Promise<void> {
    this.calls.push(call)
    if (this.instead) return this.instead(workspace, call)
    writeFiles(workspace.output, { kernel: 'abcd', 'manifest.json': JSON.stringify(manifest('abcd')) })
  }
}

const manifest = (kernel: string) => ({
  files: [{ name: 'kernel', size: 4, sha256: createHash('sha256').update(kernel).digest('hex') }],
  checksum: 'x',
  assembler: 'toy',
  architecture: 'arm64',
  chain: ['skiff/base', 'virt/qemu'],
})

function board(t: TestContext) {
  const root = makeTree(t, FILES)
  const toy = new Toy()
  const run = async (env: NodeJS.ProcessEnv = {}, more: { force?: boolean; signal?: AbortSignal } = {}) => {
    const opened = await openWorkspace({ env: { SKIFF_CONFIG: 'virt/qemu', ...env }, root })
    const { force = false, signal = new AbortController().signal } = more
    writeFiles(opened.folder, { overrides: null })
    const { steps } = await compile(opened, { env, report: silent, signal, force, load: async () => toy })
    return steps.map(({ target }) => target)
  }
  return { root, toy, run }
}

describe('compile', () => {
  it('makes everything once, then nothing, then what a changed file touches, and all by force', async (t) => {
    const { run, toy, root } = board(t)
    assert.deepEqual(await run(), ['everything'])
    assert.deepEqual(await run(), [])
    appendFileSync(join(root, 'buildroot/configs/virt/qemu/root_overlay/etc/x'), 'y\n')
    assert.deepEqual(await run(), ['root', 'image'])
    assert.deepEqual(await run({}, { force: true }), ['everything'])
    assert.equal(toy.calls.length, 3)
    assert.deepEqual(toy.calls[1]?.steps[0]?.reasons, ['virt/qemu: root_overlay/etc/x changed'])
  })

  it('hands remembered options on as if they had been named', async (t) => {
    const { run, toy } = board(t)
    await run({ SKIFF_DEBIAN_SUITE: 'sid', SOURCE_DATE_EPOCH: '1' })
    await run({}, { force: true })
    assert.deepEqual(
      toy.calls.map(({ env }) => [env.SKIFF_DEBIAN_SUITE, env.SOURCE_DATE_EPOCH]),
      [
        ['sid', '1'],
        ['sid', undefined],
      ],
    )
  })

  it('that is called off is begun again where its changes were, and the old image stays', async (t) => {
    const { run, toy, root } = board(t)
    await run()
    const file = join(root, 'buildroot/configs/virt/qemu/root_overlay/etc/x')
    const before = readFileSync(file, 'utf8')
    appendFileSync(file, 'y\n')
    const called = new AbortController()
    toy.instead = async (_workspace, { signal }) => {
      called.abort()
      if (signal.aborted) throw failure('canceled', { what: 'the compile' })
    }
    await assert.rejects(run({}, { signal: called.signal }), (error) => isFailure(error, 'canceled'))
    assert.notEqual(typeof (await readOutput(join(root, 'workspaces/default/output'))), 'string')
    toy.instead = undefined
    // also when the change was taken back meanwhile
    writeFileSync(file, before)
    assert.deepEqual(await run(), ['root', 'image'])
    assert.deepEqual(await run(), [])
  })

  it('on a full disk fails, and is begun again', async (t) => {
    const { run, toy } = board(t)
    toy.instead = async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    await assert.rejects(run(), /ENOSPC/)
    toy.instead = undefined
    assert.deepEqual(await run(), ['everything'])
  })

  it('is not done when the assembler left a set that is not whole', async (t) => {
    const { run, toy } = board(t)
    toy.instead = async ({ output }) =>
      writeFiles(output, { kernel: 'abc', 'manifest.json': JSON.stringify(manifest('abcd')) })
    await assert.rejects(
      run(),
      (error) => isFailure(error, 'output-missing') && /3 bytes in place of 4/.test(error.message),
    )
    toy.instead = undefined
    assert.deepEqual(await run(), ['everything'])
  })
})

describe('the output of a workspace', () => {
  const reading = async (t: TestContext, content: unknown, contents = false) => {
    const folder = makeTree(t, { kernel: 'abcd', 'manifest.json': JSON.stringify(content) })
    return readOutput(folder, contents ? new AbortController().signal : undefined)
  }

  it('is its manifest when all is as that says', async (t) => {
    assert.deepEqual(await reading(t, manifest('abcd'), true), manifest('abcd'))
  })

  it('has other content only when every byte is asked for', async (t) => {
    assert.notEqual(typeof (await reading(t, manifest('abce'))), 'string')
    assert.equal(await reading(t, manifest('abce'), true), 'kernel in its output has other content')
  })

  it('is none when the manifest names files outside of it, or is no manifest', async (t) => {
    const outside = { ...manifest('x'), files: [{ name: '../x', size: 1, sha256: 'a'.repeat(64) }] }
    for (const content of [outside, {}, 'x', { ...manifest('x'), files: [] }])
      assert.match(String(await reading(t, content)), /its manifest.json cannot be read/)
  })
})
