// A disk that runs full: during the push (Crew's own disk) and during the build (the engine's).
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, execute, Instance, webApp } from './harness/instance.ts'
import { PrivateEngine } from './harness/private-engine.ts'

/** A file system of `size` MB in a file, mounted; needs root. */
async function smallDisk(folder: string, size: number): Promise<string> {
  const mount = join(folder, 'disk')
  mkdirSync(mount, { recursive: true })
  const steps = [
    ['truncate', '-s', `${size}M`, join(folder, 'disk.img')],
    ['mkfs.ext4', '-q', '-m', '0', join(folder, 'disk.img')],
    ['mount', '-o', 'loop', join(folder, 'disk.img'), mount],
  ] as const
  for (const [command, ...args] of steps) {
    const { status, stderr } = await execute(command, args)
    if (status !== 0) throw new Error(`${command}: ${stderr} (this test needs root and loop devices)`)
  }
  return mount
}

describe("the engine's disk runs full in a build", () => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-full-'))
  let engine: PrivateEngine
  let crew: Instance
  before(async () => {
    engine = await PrivateEngine.start(folder, join(await smallDisk(folder, 160), 'data'))
    crew = await Instance.start({ CREW_DISK_MIN_FREE: '10m' }, engine.engine)
  })
  after(async () => {
    await crew?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
    await execute('umount', [join(folder, 'disk')])
    rmSync(folder, { recursive: true, force: true })
  })

  test('the push is refused, says so, and the old release answers; then there is room again', async () => {
    const repository = await crew.repository('shop', webApp('one'))
    const first = await crew.push(repository)
    assert.equal(first.status, 0, first.stderr)
    await crew.commit(repository, {
      Dockerfile: `${webApp('').Dockerfile}RUN dd if=/dev/zero of=/big bs=1M count=400\n`,
    })
    const pushed = await crew.push(repository)
    assert.notEqual(pushed.status, 0)
    assert.match(pushed.stderr, /no space left on device/i)
    assert.equal(await crew.page('shop'), 'one')
    await crew.commit(repository, webApp('two'))
    const again = await crew.push(repository)
    assert.equal(again.status, 0, again.stderr)
    assert.equal(await crew.page('shop'), 'two')
  })
})

describe("Crew's own disk runs full in a push", () => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-full-'))
  let crew: Instance
  before(async () => {
    const disk = await smallDisk(folder, 60)
    crew = await Instance.start({ CREW_ROOT: join(disk, 'root'), CREW_DISK_MIN_FREE: '1m' })
  })
  after(async () => {
    await crew?.[Symbol.asyncDispose]()
    await execute('umount', [join(folder, 'disk')])
    rmSync(folder, { recursive: true, force: true })
  })

  test('git refuses, nothing of the push stays, and the app answers on', async () => {
    const repository = await crew.repository('shop', webApp('one'))
    const first = await crew.push(repository)
    assert.equal(first.status, 0, first.stderr)
    writeFileSync(join(repository, 'big'), randomBytes(80 * 2 ** 20))
    await crew.commit(repository, {})
    const pushed = await crew.push(repository)
    assert.notEqual(pushed.status, 0)
    assert.match(pushed.stderr, /no space left on device|disk is full/i)
    assert.equal(await crew.page('shop'), 'one')
    await eventually('the quarantine to be gone', async () => {
      const objects = join(crew.env.CREW_ROOT ?? '', 'repositories', '1.git', 'objects')
      return !readdirSync(objects).some((name) => name.startsWith('tmp_objdir'))
    })
    await crew.git(repository, ['reset', '-q', '--hard', 'HEAD~1'])
    await crew.commit(repository, { 'index.html': 'two' })
    const again = await crew.push(repository)
    assert.equal(again.status, 0, again.stderr)
    assert.equal(await crew.page('shop'), 'two')
  })
})
