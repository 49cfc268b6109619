import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAppName } from '../../../src/core/app.ts'
import { isFailure } from '../../../src/core/errors.ts'
import { deployingRefspec, planPush, refInTheWay } from '../../../src/core/push-plan.ts'

const app = parseAppName('shop')
const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const NONE = '0'.repeat(40)

test('master or main deploys, other branches and tags are stored', () => {
  for (const branch of ['master', 'main']) {
    const updates = [
      { ref: 'refs/heads/topic', to: B },
      { ref: `refs/heads/${branch}`, to: A },
      { ref: 'refs/tags/v1', to: B },
    ]
    assert.deepEqual(planPush(app, updates, ''), {
      deploy: { branch, commit: A },
      stored: ['refs/heads/topic', 'refs/tags/v1'],
    })
  }
})

test('of master and main in one push, master deploys', () => {
  const updates = [
    { ref: 'refs/heads/main', to: B },
    { ref: 'refs/heads/master', to: A },
  ]
  assert.deepEqual(planPush(app, updates, '').deploy, { branch: 'master', commit: A })
})

test("the app's own deploy branch is the only one that deploys", () => {
  assert.equal(planPush(app, [{ ref: 'refs/heads/master', to: A }], 'live').deploy, null)
  assert.deepEqual(planPush(app, [{ ref: 'refs/heads/live', to: A }], 'live').deploy, {
    branch: 'live',
    commit: A,
  })
})

test('the deploy branch cannot be deleted, another one can', () => {
  const gone = (branch: string) => [{ ref: `refs/heads/${branch}`, to: NONE }]
  assert.throws(
    () => planPush(app, gone('master'), ''),
    (error) => isFailure(error, 'push-delete-refused'),
  )
  assert.deepEqual(planPush(app, gone('topic'), ''), { deploy: null, stored: [] })
})

test('a tag called master is not the branch', () => {
  assert.equal(planPush(app, [{ ref: 'refs/tags/master', to: A }], '').deploy, null)
})

test('a ref below or above the deploy branch is in its way, a neighbour is not', () => {
  const ref = 'refs/heads/master'
  assert.equal(refInTheWay(ref, [ref, 'refs/heads/master2', 'refs/tags/master']), undefined)
  assert.equal(refInTheWay(ref, ['refs/heads/master/x']), 'refs/heads/master/x')
  assert.equal(refInTheWay('refs/heads/a/b', ['refs/heads/a']), 'refs/heads/a')
})

test('what to push for a stored ref is its name, and for a tag the commit it leads to', () => {
  assert.equal(deployingRefspec('refs/heads/topic/x', 'main'), 'topic/x:main')
  assert.equal(deployingRefspec('refs/tags/v1', 'main'), 'v1^0:refs/heads/main')
  assert.equal(deployingRefspec('refs/notes/x', 'main'), 'refs/notes/x:main')
})
