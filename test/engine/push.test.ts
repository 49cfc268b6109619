// The main job from end to end: a real git push over SSH to a real daemon, engine and HAProxy.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE_IMAGE } from './harness/engine.ts'
import { eventually, execute, Instance, scriptApp, webApp } from './harness/instance.ts'

interface Status {
  apps: { name: string; state: string; urls: string[] }[]
}

interface ReleaseRow {
  number: number
  state: string
  who: string
  commit: string
}

for (const builder of ['buildkit', 'classic']) {
  describe(`git push, built by ${builder}`, () => {
    let crew: Instance
    before(async () => {
      crew = await Instance.start({ CREW_BUILDER: builder })
    })
    after(() => crew[Symbol.asyncDispose]())

    test('the first push makes the app, and its page answers by name and on a port of its own', async () => {
      const repository = await crew.repository('shop', webApp('one'))
      const pushed = await crew.push(repository)
      assert.equal(pushed.status, 0, pushed.stderr)
      assert.match(pushed.stderr, /remote: =====> Application deployed/)
      assert.equal(await crew.page('shop'), 'one')
      const { apps } = await crew.json<Status>(['status'])
      assert.deepEqual(
        apps.map(({ name, state }) => [name, state]),
        [['shop', 'running']],
      )
      const own = apps[0]?.urls.find((url) => /:2\d{4}$/.test(url))
      assert.ok(own, `a port of its own in ${apps[0]?.urls.join(' ')}`)
      assert.equal((await crew.get('whatever', '/', Number(new URL(own).port))).body, 'one')
      const listed = await crew.ssh(['apps:list'])
      assert.equal(listed.stdout, '=====> My Apps\nshop\n')
    })

    test('an annotated tag cannot be a branch: refused before anything is deployed, with what to push', async () => {
      const repository = await crew.repository('tagged', webApp('one'))
      await crew.git(repository, ['tag', '-a', 'v1', '-m', 'v1'])
      const stored = await crew.push(repository, ['v1'])
      assert.match(stored.stderr, /git push <remote> v1\^0:refs\/heads\/master/)
      const refused = await crew.push(repository, ['v1:refs/heads/master'])
      assert.equal(refused.status, 1)
      assert.match(refused.stderr, /not a commit[\s\S]*<tag>\^0:refs\/heads\/master/)
      assert.deepEqual(await crew.json(['releases:list', 'tagged']), [])
      assert.equal((await crew.push(repository, ['v1^0:refs/heads/master'])).status, 0)
    })

    test('a branch below the deploy branch is in its way: refused before anything is deployed', async () => {
      const repository = await crew.repository('below', webApp('one'))
      await crew.push(repository, ['master:refs/heads/master/x'])
      const refused = await crew.push(repository)
      assert.equal(refused.status, 1)
      assert.match(refused.stderr, /refs\/heads\/master\/x of below is in the way/)
      assert.deepEqual(await crew.json(['releases:list', 'below']), [])
    })

    test('of several first pushes at once one makes the app, and none meets half a repository', async () => {
      const repository = await crew.repository('twins', webApp('one'))
      const pushed = await Promise.all([1, 2, 3, 4].map(() => crew.push(repository)))
      for (const { stderr } of pushed) assert.doesNotMatch(stderr, /internal error/)
      assert.ok(pushed.some(({ status }) => status === 0))
      assert.equal(await crew.page('twins'), 'one')
    })

    test('a second push swaps the containers and supersedes the release', async () => {
      const repository = await crew.repository('swap', webApp('one'))
      await crew.push(repository)
      const commit = await crew.commit(repository, { 'index.html': 'two' })
      const pushed = await crew.push(repository)
      assert.equal(pushed.status, 0, pushed.stderr)
      assert.equal(await crew.page('swap'), 'two')
      const releases = await crew.json<ReleaseRow[]>(['releases:list', 'swap'])
      assert.deepEqual(
        releases.map(({ number, state, who }) => [number, state, who]),
        [
          [2, 'live', 'tester'],
          [1, 'superseded', 'tester'],
        ],
      )
      assert.equal(releases[0]?.commit, commit)
      await eventually('the old container to be gone', async () => {
        const left = (await crew.containers()).filter(({ labels }) => labels['crew.app'] === 'swap')
        return left.length === 1 && left[0]?.labels['crew.release'] === '2'
      })
      const clone = await execute(
        'git',
        ['clone', '-q', crew.url('swap'), `${crew.folder}/clone-${builder}`],
        { env: crew.gitEnv },
      )
      assert.equal(clone.status, 0, clone.stderr)
    })

    test('a rollback runs the old image again, without a build', async () => {
      const repository = await crew.repository('back', webApp('one'))
      await crew.push(repository)
      await crew.commit(repository, { 'index.html': 'two' })
      await crew.push(repository)
      const back = await crew.ssh(['rollback', 'back'])
      assert.equal(back.status, 0, back.stderr)
      assert.doesNotMatch(back.stdout, /Building/)
      assert.equal(await crew.page('back'), 'one')
      const [live] = await crew.json<ReleaseRow[]>(['releases:list', 'back'])
      assert.deepEqual([live?.number, live?.state], [3, 'live'])
    })

    test('a build that fails refuses the push with its words, and the old release answers', async () => {
      const repository = await crew.repository('broken', webApp('one'))
      await crew.push(repository)
      const head = (await crew.git(repository, ['ls-remote', 'skiff', 'refs/heads/master'])).stdout
      await crew.commit(repository, {
        Dockerfile: `${webApp('').Dockerfile}RUN echo it-goes-wrong && exit 7\n`,
      })
      const pushed = await crew.push(repository)
      assert.notEqual(pushed.status, 0)
      assert.match(pushed.stderr, /it-goes-wrong/)
      assert.match(pushed.stderr, /the build failed/)
      assert.match(pushed.stderr, /pre-receive hook declined/)
      assert.equal((await crew.git(repository, ['ls-remote', 'skiff', 'refs/heads/master'])).stdout, head)
      assert.equal(await crew.page('broken'), 'one')
      const [failed] = await crew.json<ReleaseRow[]>(['releases:list', 'broken'])
      assert.equal(failed?.state, 'failed')
      // the same push can be tried again, and mended
      await crew.commit(repository, webApp('mended'))
      assert.equal((await crew.push(repository)).status, 0)
      assert.equal(await crew.page('broken'), 'mended')
    })

    test('lines of the build arrive while it runs', async () => {
      const slow = `FROM crew-test/busybox:1\nCOPY . /\nRUN echo begun-${builder} && while [ ! -e /never ]; do sleep 1; done\n`
      const repository = await crew.repository('lines', { Dockerfile: slow })
      const pushing = crew.pushing(repository)
      await eventually(
        'the line of a build that never ends',
        async () =>
          pushing.output().includes(`begun-${builder}\n`) ||
          pushing.output().match(new RegExp(`remote: .* begun-${builder}`)) !== null,
      )
      // and whoever hangs up calls it off
      process.kill(-(pushing.child.pid ?? 0), 'SIGKILL')
      await pushing.ended
      await eventually('the build to be called off', async () => {
        const [release] = await crew.json<ReleaseRow[]>(['releases:list', 'lines'])
        return release?.state === 'canceled'
      })
      await crew.commit(repository, webApp('after'))
      assert.equal((await crew.push(repository)).status, 0)
    })
  })
}

describe('what a push does', () => {
  let crew: Instance
  before(async () => {
    crew = await Instance.start()
  })
  after(() => crew[Symbol.asyncDispose]())

  test('another branch is stored, and the pusher is told how to deploy it', async () => {
    const repository = await crew.repository('branches', webApp('one'))
    const stored = await crew.push(repository, ['master:topic'])
    assert.equal(stored.status, 0, stored.stderr)
    assert.match(stored.stderr, /refs\/heads\/topic is stored, not deployed.*topic:master/)
    assert.deepEqual(await crew.json<unknown[]>(['releases:list', 'branches']), [])
    assert.equal((await crew.crew(['git:set', 'branches', 'deploy-branch', 'live'])).status, 0)
    assert.equal((await crew.push(repository, ['master:live'])).status, 0)
    assert.equal(await crew.page('branches'), 'one')
    const deleted = await crew.push(repository, [':live'])
    assert.notEqual(deleted.status, 0)
    assert.match(deleted.stderr, /cannot be deleted/)
    assert.equal((await crew.push(repository, [':topic'])).status, 0)
  })

  test('a force push deploys', async () => {
    const repository = await crew.repository('force', webApp('one'))
    await crew.push(repository)
    await crew.git(repository, ['checkout', '-q', '--orphan', 'fresh'])
    await crew.commit(repository, { 'index.html': 'other history' })
    assert.notEqual((await crew.push(repository, ['fresh:master'])).status, 0)
    assert.equal((await crew.push(repository, ['--force', 'fresh:master'])).status, 0)
    assert.equal(await crew.page('force'), 'other history')
  })

  test('of two pushes at once, the one that git refuses is not the one that runs', async () => {
    const repository = await crew.repository('race', webApp('base'))
    await crew.push(repository)
    await crew.git(repository, ['branch', 'other'])
    await crew.commit(repository, { 'index.html': 'first' })
    const first = crew.pushing(repository)
    await eventually('the first push to build', async () => first.output().includes('Building race'))
    await crew.git(repository, ['checkout', '-q', 'other'])
    await crew.commit(repository, { 'index.html': 'second' })
    const second = await crew.push(repository, ['--force', 'other:master'])
    assert.equal(await first.ended, 0, first.output())
    const page = await crew.page('race')
    const head = (await crew.git(repository, ['ls-remote', 'skiff', 'refs/heads/master'])).stdout.slice(0, 40)
    const [live] = await crew.json<ReleaseRow[]>(['releases:list', 'race'])
    const shown = await crew.git(repository, ['show', `${head}:index.html`])
    assert.equal(page, shown.stdout, second.stderr)
    if (second.status !== 0) assert.match(second.stderr, /moved while this push waited/)
    else assert.equal(live?.commit, head)
  })

  test('a pusher who hangs up in the swap calls it off, and the old release answers on', async () => {
    const repository = await crew.repository('hang-up', webApp('old'))
    await crew.push(repository)
    const slow = scriptApp('sleep 1000', '5000')
    await crew.commit(repository, slow)
    const pushing = crew.pushing(repository)
    await eventually('the new container to come up', async () => pushing.output().includes('Starting web.1'))
    process.kill(-(pushing.child.pid ?? 0), 'SIGKILL')
    await pushing.ended
    await eventually('the release to be canceled', async () => {
      const [release] = await crew.json<ReleaseRow[]>(['releases:list', 'hang-up'])
      return release?.state === 'canceled'
    })
    assert.equal(await crew.page('hang-up'), 'old')
    const left = (await crew.containers()).filter(({ labels }) => labels['crew.app'] === 'hang-up')
    assert.deepEqual(
      left.map(({ state, labels }) => [state, labels['crew.release']]),
      [['running', '1']],
    )
    const head = (await crew.git(repository, ['ls-remote', 'skiff', 'refs/heads/master'])).stdout.slice(0, 40)
    assert.equal(head, (await crew.git(repository, ['rev-parse', 'HEAD~1'])).stdout.trim())
  })

  test('a daemon that is stopped in a build refuses the push and ends', async () => {
    const repository = await crew.repository('stopping', {
      Dockerfile: `FROM ${BASE_IMAGE}\nRUN echo under-way; sleep 1000\n`,
    })
    const pushing = crew.pushing(repository)
    await eventually('the build to be under way', async () => /under-way\s*\n/.test(pushing.output()))
    await crew.stop()
    assert.notEqual(await pushing.ended, 0)
    await crew.serve()
    const [release] = await crew.json<ReleaseRow[]>(['releases:list', 'stopping'])
    assert.match(release?.state ?? '', /canceled|failed/)
  })

  test('a Procfile says what runs, and ps:scale how many of each', async () => {
    const files = webApp('one', {
      Procfile: 'web: /bin/busybox httpd -f -p $PORT -h /www\nworker: echo worker-is-up; sleep 1000\n',
    })
    const repository = await crew.repository('types', files)
    const pushed = await crew.push(repository)
    assert.equal(pushed.status, 0, pushed.stderr)
    assert.equal(await crew.page('types'), 'one')
    const scaled = await crew.ssh(['ps:scale', 'types', 'web=2', 'worker=1'])
    assert.equal(scaled.status, 0, scaled.stderr)
    const names = (await crew.containers())
      .filter(({ labels }) => labels['crew.app'] === 'types')
      .map(({ labels }) => `${labels['crew.process']}.${labels['crew.index']}`)
    assert.deepEqual(names.sort(), ['web.1', 'web.2', 'worker.1'])
    const logs = await crew.ssh(['logs', 'types', '-p', 'worker'])
    assert.match(logs.stdout, /worker-is-up/)
  })

  test('configuration reaches the app intact, through a swap, and nobody reads it in the process list', async () => {
    const repository = await crew.repository(
      'config',
      scriptApp(
        'while :; do { echo "HTTP/1.0 200 OK"; echo; printf %s "$MESSAGE"; } | nc -l -p 5000; done',
        '5000',
      ),
    )
    const value = 'a "quoted" \'word\'\nand $HOME `id`; é'
    await crew.crew(['apps:create', 'config'])
    const set = await crew.ssh([
      'config:set',
      '--encoded',
      'config',
      `MESSAGE=${Buffer.from(value).toString('base64')}`,
    ])
    assert.equal(set.status, 0, set.stderr)
    assert.equal((await crew.push(repository)).status, 0)
    assert.equal((await crew.ssh(['config:get', 'config', 'MESSAGE'])).stdout, `${value}\n`)
    await eventually(
      'the app to answer with its configuration',
      async () => (await crew.page('config').catch(() => '')) === value,
    )
    const changed = await crew.ssh(['config:set', 'config', 'MESSAGE=new'])
    assert.equal(changed.status, 0, changed.stderr)
    await eventually(
      'the app to answer with the new value',
      async () => (await crew.page('config').catch(() => '')) === 'new',
    )
  })

  test('an app renamed, stopped, started and destroyed leaves nothing behind', async () => {
    const repository = await crew.repository('old-name', webApp('here'))
    await crew.push(repository)
    assert.equal((await crew.ssh(['apps:rename', 'old-name', 'new-name'])).status, 0)
    assert.equal(await crew.page('new-name'), 'here')
    assert.equal((await crew.ssh(['ps:stop', 'new-name'])).status, 0)
    assert.equal((await crew.get('new-name.localhost')).status, 503)
    assert.equal((await crew.ssh(['ps:start', 'new-name'])).status, 0)
    assert.equal(await crew.page('new-name'), 'here')
    const refused = await crew.ssh(['apps:destroy', 'new-name'], { input: 'something-else\n' })
    assert.notEqual(refused.status, 0)
    assert.equal(await crew.page('new-name'), 'here')
    const destroyed = await crew.ssh(['apps:destroy', 'new-name'], { input: 'new-name\n' })
    assert.equal(destroyed.status, 0, destroyed.stderr)
    assert.equal((await crew.get('new-name.localhost')).status, 404)
    await eventually('containers and images to be gone', async () => {
      const containers = (await crew.containers()).filter(({ labels }) =>
        /-name$/.test(labels['crew.app'] ?? ''),
      )
      const images = (await crew.images()).filter(({ tags }) => tags.some((tag) => tag.includes('-name:')))
      return containers.length === 0 && images.length === 0
    })
  })
})
