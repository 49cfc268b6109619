// What goes wrong in a real `skiff compile`: the disk is full, somebody presses Ctrl-C, another version was there. Each
// ends in a few clear words and an exit status, leaves nothing half-made, and the next compile works.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readOutput } from '../../src/image/workspace/manifest.ts'
import { type Ended, execute } from '../engine/harness/execute.ts'
import { mounted } from './harness/cards.ts'
import { mirrorSettings } from './harness/mirror.ts'

const SKIFF = new URL('../../bin/skiff', import.meta.url).pathname
const LIMIT = 600_000
const MB = 2 ** 20
/** Exit status after Ctrl-C, as shells tell it: 128 and the number of SIGINT. */
const CALLED_OFF = 130

describe('a compile', { timeout: 1_200_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-compile-'))
  let mirror: Record<string, string>
  before(async () => {
    mirror = await mirrorSettings('arm64', [])
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const environment = (workspaces: string) => ({
    ...{ SKIFF_CONFIG: 'virt/qemu', SKIFF_WORKSPACE: 'bad', SKIFF_WORKSPACES: workspaces },
    ...{ SKIFF_NO_INTERACTIVE: '1', SKIFF_PACKING: 'fast', SKIFF_EXTRA_CONFIGS_PATH: 'none' },
    ...mirror,
  })
  const skiff = (workspaces: string, ...words: string[]) =>
    execute(SKIFF, words, { env: environment(workspaces), timeout: LIMIT })

  /** What a compile may leave is what the next one uses. */
  function assertTidy(workspaces: string, told: string): void {
    const home = join(workspaces, 'bad')
    const names = [
      ...readdirSync(home),
      ...(existsSync(join(home, 'debian')) ? readdirSync(join(home, 'debian')) : []),
    ]
    assert.deepEqual(
      names.filter((name) => /^(making|fetch)-|\.part$|\.new$|\.old$/.test(name)),
      [],
      told,
    )
    assert.equal(existsSync(join(home, 'output')), false, 'there is no image of which a part is missing')
  }

  /** One fault, at most one word of advice, no stack of a program's calls. */
  function assertClear({ status, stdout, stderr }: Ended, words: RegExp, exit = 1): void {
    assert.equal(status, exit, `${stdout}\n${stderr}`)
    assert.match(stderr, words)
    const lines = stderr.trimEnd().split('\n')
    assert.ok(lines.length <= 3 && lines.every((line) => line.startsWith(' ! ')), stderr)
  }

  async function assertWorks(workspaces: string): Promise<void> {
    const { status, stdout, stderr } = await skiff(workspaces, 'compile')
    assert.equal(status, 0, `${stdout.slice(-2000)}\n${stderr}`)
    const manifest = await readOutput(join(workspaces, 'bad/output'), AbortSignal.timeout(60_000))
    assert.equal(typeof manifest, 'object', String(manifest))
  }

  it('on a disk that is full says so, at whichever step, and works when there is room', async () => {
    const workspaces = join(folder, 'small')
    const resize = async (size: number) => {
      const { status, stderr } = await execute('mount', ['-o', `remount,size=${size}`, workspaces])
      assert.equal(status, 0, stderr)
    }
    await using _ = await mounted('tmpfs', workspaces, '-t', 'tmpfs', '-o', `size=${64 * MB}`)
    // while packages are fetched
    assertClear(await skiff(workspaces, 'compile'), /no space left|disk is full/i)
    assertTidy(workspaces, 'while packages are fetched')
    // all packages, and then no room for the kernel's modules
    await resize(3072 * MB)
    const archive = await stopAt(workspaces, 'kernel modules', (child) => process.kill(-child, 'SIGINT'))
    assert.equal(archive.status, CALLED_OFF)
    const { stdout } = await execute('du', ['--bytes', '--summarize', workspaces])
    await resize(Number.parseInt(stdout, 10) + 24 * MB)
    assertClear(await skiff(workspaces, 'compile'), /no space left|disk is full/i)
    assertTidy(workspaces, 'while modules are unpacked')
    await resize(3072 * MB)
    await assertWorks(workspaces)
  })

  /** Compiles until a step is told, then does something to its process group. */
  async function stopAt(workspaces: string, step: string, act: (group: number) => void): Promise<Ended> {
    const child = spawn(SKIFF, ['compile'], {
      env: { ...process.env, ...environment(workspaces) },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { pid } = child
    assert.ok(pid !== undefined)
    const limit = setTimeout(() => process.kill(-pid, 'SIGKILL'), LIMIT)
    let [stdout, stderr, acted] = ['', '', false]
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk
    })
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk
      if (acted || !stdout.includes(step)) return
      acted = true
      // a moment later, when the step is under way
      setTimeout(() => act(pid), 500)
    })
    const [status] = (await once(child, 'close')) as [number | null]
    clearTimeout(limit)
    assert.ok(acted, `it never came to ${step}:\n${stdout}\n${stderr}`)
    return { status, stdout, stderr }
  }

  it('that is called off at whichever step leaves nothing, and is taken up again', async () => {
    const workspaces = join(folder, 'stopped')
    mkdirSync(workspaces)
    for (const step of ['packages of the core', 'kernel modules', 'kernel and device trees']) {
      const ended = await stopAt(workspaces, step, (group) => process.kill(-group, 'SIGINT'))
      assertClear(ended, /skiff compile was called off/, CALLED_OFF)
      assertTidy(workspaces, step)
    }
    await assertWorks(workspaces)
  })

  it('in the workspace of another version refuses it, touches nothing, and says how to go on', async () => {
    const workspaces = join(folder, 'other')
    mkdirSync(join(workspaces, 'bad'), { recursive: true })
    const file = join(workspaces, 'bad/workspace.json')
    const text = JSON.stringify({ format: 99, version: '99.0.0' })
    writeFileSync(file, text)
    const ended = await skiff(workspaces, 'compile')
    assertClear(ended, /99/)
    assert.match(ended.stderr, /clean --force/)
    assert.equal(readFileSync(file, 'utf8'), text)
    assert.equal((await skiff(workspaces, 'clean', '--force')).status, 0)
    const after = await skiff(workspaces, 'configure')
    assert.equal(after.status, 0, after.stderr)
  })
})
