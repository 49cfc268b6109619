// The engine is stopped and started, also in the middle of a deploy: apps come back without Crew.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, Instance, webApp } from './harness/instance.ts'
import { PrivateEngine } from './harness/private-engine.ts'

describe('an engine that goes away', () => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-engine-'))
  let engine: PrivateEngine
  let crew: Instance
  let repository: string
  before(async () => {
    engine = await PrivateEngine.start(folder)
    crew = await Instance.start({}, engine.engine)
    repository = await crew.repository('shop', webApp('one'))
    const pushed = await crew.push(repository)
    assert.equal(pushed.status, 0, pushed.stderr)
  })
  after(async () => {
    await crew?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a push meanwhile is refused with one clear line, and status still answers', async () => {
    await engine.stop()
    await crew.commit(repository, { 'index.html': 'two' })
    const pushed = await crew.push(repository)
    assert.notEqual(pushed.status, 0)
    assert.match(pushed.stderr, /the Docker engine at .* does not answer/)
    const status = await crew.json<{ engine: unknown }>(['status'])
    assert.equal(status.engine, null)
  })

  test('when it is back the app answers at its address, with Crew down, and the push goes through', async () => {
    await crew.stop()
    await engine.start()
    await eventually('the page without Crew', async () => (await crew.page('shop').catch(() => '')) === 'one')
    await crew.serve()
    const pushed = await crew.push(repository)
    assert.equal(pushed.status, 0, pushed.stderr)
    assert.equal(await crew.page('shop'), 'two')
  })

  test('lost in the middle of a build, the push is refused and the old release comes back', async () => {
    await crew.commit(repository, {
      Dockerfile: `${webApp('').Dockerfile}RUN echo in-the-build && sleep 1000\n`,
    })
    const pushing = crew.pushing(repository)
    await eventually('the build to be under way', async () => /in-the-build\s*\n/.test(pushing.output()))
    await engine.stop()
    assert.notEqual(await pushing.ended, 0)
    await engine.start()
    await eventually('the old page', async () => (await crew.page('shop').catch(() => '')) === 'two')
    await eventually('only its container to be left', async () => {
      const containers = await crew.containers()
      return containers.length === 1 && containers[0]?.state === 'running'
    })
    await crew.commit(repository, webApp('three'))
    const pushed = await crew.push(repository)
    assert.equal(pushed.status, 0, pushed.stderr)
    assert.equal(await crew.page('shop'), 'three')
  })

  // An app stayed at 503 for good: dockerd does not start again what it thinks was stopped, and nobody asked Crew
  // for anything.
  test('killed while nothing happens, its apps come back without anybody asking', async () => {
    await engine.stop('SIGKILL')
    await engine.start()
    await eventually('the page', async () => (await crew.page('shop').catch(() => '')) === 'three')
    assert.match(crew.log, /the engine went away/)
  })

  test('even when it comes back without the containers', async () => {
    for (const { id } of await crew.containers())
      await engine.engine.docker.getContainer(id).update({ RestartPolicy: { Name: 'no' } })
    await engine.stop()
    await engine.start()
    await eventually('the page', async () => (await crew.page('shop').catch(() => '')) === 'three')
  })
})
