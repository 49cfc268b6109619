// Bad input and broken apps: what the pusher reads, that the old release still answers, that nothing is left.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE_IMAGE } from './harness/engine.ts'
import { eventually, Instance, scriptApp, webApp } from './harness/instance.ts'

describe('a push that cannot be deployed', () => {
  let crew: Instance
  let repository: string
  before(async () => {
    crew = await Instance.start({ CREW_CHECK_ATTEMPTS: '8', CREW_BUILD_TIMEOUT: '4s' })
    repository = await crew.repository('shop', webApp('good'))
    const pushed = await crew.push(repository)
    assert.equal(pushed.status, 0, pushed.stderr)
  })
  after(() => crew[Symbol.asyncDispose]())

  /** Pushes `files` on top of the good release; asserts that it is refused and nothing changed. */
  async function refused(files: Record<string, string>): Promise<string> {
    const good = (await crew.git(repository, ['rev-parse', 'skiff/master'])).stdout.trim()
    await crew.git(repository, ['checkout', '-q', '-B', 'master', good])
    await crew.git(repository, ['rm', '-rq', '.'])
    await crew.commit(repository, files)
    const pushed = await crew.push(repository)
    assert.notEqual(pushed.status, 0, `must be refused:\n${pushed.stderr}`)
    assert.match(pushed.stderr, /pre-receive hook declined/)
    assert.equal(await crew.page('shop'), 'good')
    const remote = (await crew.git(repository, ['ls-remote', 'skiff', 'refs/heads/master'])).stdout.slice(
      0,
      40,
    )
    assert.equal(remote, good)
    await eventually('only the good release to be left', async () => {
      const containers = await crew.containers()
      const images = (await crew.images()).filter(({ tags }) => tags.length > 0)
      return containers.length === 1 && containers[0]?.state === 'running' && images.length === 1
    })
    return pushed.stderr
  }

  test('no Dockerfile: the message says how to name another', async () => {
    assert.match(
      await refused({ 'readme.txt': 'x' }),
      /no Dockerfile in the pushed commit[\s\S]*builder-dockerfile:set shop/,
    )
  })

  test('a commit without any file', async () => {
    assert.match(await refused({}), /no files|no Dockerfile/)
  })

  test('a Dockerfile that is none', async () => {
    assert.match(await refused({ Dockerfile: 'COOK dinner\n' }), /Dockerfile|unknown instruction/i)
  })

  test('a build that never ends is stopped after the time limit', async () => {
    const text = await refused({ Dockerfile: `FROM ${BASE_IMAGE}\nRUN while :; do sleep 1; done\n` })
    assert.match(text, /the build was stopped after 4 s[\s\S]*build-timeout/)
  })

  test('a base image that nobody has, with no registry in reach', async () => {
    const text = await refused({ Dockerfile: 'FROM nobody.invalid/has/this:1\n' })
    assert.match(text, /base image nobody\.invalid\/has\/this:1 is not on the engine[\s\S]*docker load/)
  })

  test('an app that exits at once: exit code and last lines', async () => {
    const text = await refused(scriptApp('echo my-last-words; exit 3', '5000'))
    assert.match(text, /exit(ed)?[\s\S]*3/)
    assert.match(text, /my-last-words/)
  })

  test('an app that never listens', async () => {
    assert.match(await refused(scriptApp('sleep 1000', '5000')), /nothing listens on port 5000|5000/)
  })

  test('an app that listens on another port: the message names it', async () => {
    assert.match(await refused(scriptApp('exec busybox httpd -f -p 8123', '5000')), /8123/)
  })

  test('a worker that does not stay up', async () => {
    assert.match(await refused(scriptApp('sleep 0.3; echo gone-again; exit 1')), /gone-again/)
  })

  test('a HEALTHCHECK that never passes', async () => {
    const files = webApp('sick')
    files.Dockerfile += 'HEALTHCHECK --interval=1s --retries=1 CMD echo i-feel-bad; exit 1\n'
    assert.match(await refused(files), /unhealthy|healthy|HEALTHCHECK/i)
  })

  test('a Procfile that cannot be read names its line', async () => {
    assert.match(await refused(webApp('x', { Procfile: 'web: httpd\nnonsense' })), /Procfile line 2/)
  })

  test('a symlink cannot make the build read outside the tree', async () => {
    const text = await refused({ 'Dockerfile@': '/etc/passwd' })
    assert.doesNotMatch(text, /root:x:0/)
  })

  test('hostile names make no app, and say the rule', async () => {
    for (const name of ['../../x', 'a;id', '$(id)', 'a'.repeat(300), 'ä', 'UP']) {
      const pushed = await crew.git(repository, [
        'push',
        `ssh://crew@127.0.0.1:${crew.sshPort}/${name}`,
        'master',
      ])
      assert.notEqual(pushed.status, 0, name)
      assert.match(pushed.stderr, /lowercase letters, digits and dashes/, name)
    }
    for (const name of ['-rf', '../../x', 'a;id', '$(id)', '`id`']) {
      const made = await crew.crew(['apps:create', '--', name])
      assert.notEqual(made.status, 0, name)
    }
    const listed = await crew.crew(['apps:list'])
    assert.equal(listed.stdout, '=====> My Apps\nshop\n', listed.stderr)
  })
})

describe('a disk that is nearly full', () => {
  test('refuses the build with numbers before it begins', async () => {
    await using crew = await Instance.start({ CREW_DISK_MIN_FREE: '900t' })
    const repository = await crew.repository('shop', webApp('x'))
    const pushed = await crew.push(repository)
    assert.notEqual(pushed.status, 0)
    assert.match(pushed.stderr, /only .* free on .*, 900.* are needed[\s\S]*cleanup/)
  })
})
