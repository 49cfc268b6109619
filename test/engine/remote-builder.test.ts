// Apps that another machine builds: pushed to the board, built over ssh on a second engine, run on the board's own.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { webApp } from './harness/apps.ts'
import { ensureBaseImage } from './harness/engine.ts'
import { Instance } from './harness/instance.ts'
import { RemoteEngine } from './harness/remote-engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-remote-builder-'))
let pc: RemoteEngine
let instance: Instance

before(async () => {
  pc = await RemoteEngine.start(join(folder, 'pc'))
  await ensureBaseImage(pc.private.engine)
  instance = await Instance.start()
  await instance.crew(['apps:create', 'shop'])
})

after(async () => {
  await instance?.[Symbol.asyncDispose]()
  await pc?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const imagesOfPc = async () =>
  (await pc.private.engine.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])

describe('an app with a builder of its own', () => {
  let repository: string

  test('is built there, brought here layer by layer, and runs here', async () => {
    assert.equal((await instance.crew(['builder:set', 'shop', 'host', pc.address])).status, 0)
    repository = await instance.repository('shop', webApp('from the pc', { 'built-on': 'x' }))
    const { status, stderr } = await instance.push(repository)
    assert.equal(status, 0, stderr)
    assert.match(stderr, /Bringing the image here from ssh:\/\/pc/)
    assert.match(stderr, /receiving 2 layers/)
    assert.equal((await instance.page('shop')).trim(), 'from the pc')
  })

  test('of which only what changed is brought the next time', async () => {
    await instance.commit(repository, { 'index.html': 'changed' })
    const { status, stderr } = await instance.push(repository)
    assert.equal(status, 0, stderr)
    assert.match(stderr, /receiving 1 layer, .*; 1 layer here already/)
    assert.equal((await instance.page('shop')).trim(), 'changed')
  })

  test('leaves no name of its images on the other machine', async () => {
    assert.deepEqual(
      (await imagesOfPc()).filter((tag) => tag.startsWith('crew-') && tag.includes('/shop:')),
      [],
    )
  })

  test('reports where it is built', async () => {
    const report = await instance.json<{ computedHost: string }>(['builder:report', 'shop'])
    assert.equal(report.computedHost, pc.address)
  })

  test('whose builder cannot be reached is refused, says why, and what ran goes on', async () => {
    await pc.hush()
    try {
      // a login that is shared goes on without sshd
      await instance.crew(['builder:set', 'shop', 'host', 'ssh://root@127.0.0.1:1'])
      await instance.commit(repository, { 'index.html': 'never seen' })
      const { status, stderr } = await instance.push(repository)
      assert.notEqual(status, 0)
      assert.match(stderr, /the builder ssh:\/\/root@127\.0\.0\.1:1 cannot be used: .*refused/)
      assert.equal((await instance.page('shop')).trim(), 'changed')
    } finally {
      await pc.serve()
    }
  })

  test('is built here again when the builder is taken away', async () => {
    await instance.crew(['builder:set', 'shop', 'host'])
    const { status, stderr } = await instance.push(repository)
    assert.equal(status, 0, stderr)
    assert.doesNotMatch(stderr, /Bringing the image/)
    assert.equal((await instance.page('shop')).trim(), 'never seen')
  })
})

test('an address that ssh or a shell could take amiss is refused', async () => {
  for (const address of ['ssh://-oProxyCommand=x', 'ssh://pc;reboot', 'tcp://pc:2375', 'ssh://pc/$(id)']) {
    const { status, stderr } = await instance.crew(['builder:set', 'shop', 'host', address])
    assert.equal(status, 1)
    assert.match(stderr, /invalid builder host/)
  }
})
