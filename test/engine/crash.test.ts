// The daemon is killed at each named point of a deploy; at the next start, what the store says is live runs.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Failpoint, failpoints } from '../../src/host/process/failpoint.ts'
import { eventually, Instance, webApp } from './harness/instance.ts'

/** From here on the new release is the truth. */
const POINT_OF_NO_RETURN: Failpoint = 'release-live'

interface ReleaseRow {
  number: number
  state: string
}

describe('the daemon killed with SIGKILL in a deploy', () => {
  let crew: Instance
  let repository: string
  before(async () => {
    crew = await Instance.start({ CREW_DRAIN_TIMEOUT: '1s' })
    repository = await crew.repository('shop', webApp('release 0'))
    assert.equal((await crew.push(repository)).status, 0)
  })
  after(() => crew[Symbol.asyncDispose]())

  let live = 'release 0'
  for (const [index, point] of failpoints.entries()) {
    const survives = index >= failpoints.indexOf(POINT_OF_NO_RETURN)
    test(`at ${point}: the ${survives ? 'new' : 'old'} release runs and nothing is left over`, async () => {
      // else the next start would meet the point while it puts away what the push before left to drain
      await eventually(
        'the containers of before to be gone',
        async () => (await crew.containers()).length === 1,
      )
      await crew.stop()
      await crew.serve({ CREW_FAILPOINT: point })
      const page = `killed at ${point}`
      await crew.commit(repository, { 'index.html': page })
      const pushed = crew.push(repository, ['--force', 'master'])
      assert.equal(await crew.ended(), 'SIGKILL', `the deploy must pass ${point}`)
      await pushed
      // before Crew is back, the router and the containers serve on
      assert.ok([live, page].includes(await crew.page('shop')), 'an app answers while Crew is down')
      await crew.serve()
      if (survives) live = page
      await eventually(`"${live}" on the page`, async () => (await crew.page('shop')) === live)
      const releases = await crew.json<ReleaseRow[]>(['releases:list', 'shop'])
      assert.deepEqual(
        releases.filter(({ state }) => state === 'building' || state === 'deploying'),
        [],
      )
      assert.equal(releases.filter(({ state }) => state === 'live').length, 1)
      await eventually('one running container', async () => {
        const containers = await crew.containers()
        return containers.length === 1 && containers[0]?.state === 'running'
      })
      const again = await crew.push(repository, ['--force', 'master'])
      assert.equal(again.status, 0, again.stderr)
      live = page
      assert.equal(await crew.page('shop'), live)
      await eventually(
        'the images of kept releases only',
        async () => (await crew.images()).filter(({ tags }) => tags.length > 0).length <= 3,
      ).catch(async (error: unknown) => {
        const images = (await crew.images()).map(({ tags }) => tags.join(' '))
        const states = (await crew.json<ReleaseRow[]>(['releases:list', 'shop'])).slice(0, 6)
        throw new Error(`${error}: ${images}; ${JSON.stringify(states)}\n${crew.log.slice(-2000)}`)
      })
    })
  }
})
