// Repositories on disk, with the machine's own git.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import {
  acceptedObjects,
  collectRepositoryGarbage,
  createRepository,
  refs,
  removeRepository,
  resolveCommit,
  setHead,
  sweepRepositories,
} from '../../src/host/git/repository.ts'
import { execute } from './harness/execute.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crew-repository-'))
  path = join(folder, '1.git')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** One commit on `branch`. @returns its id */
async function commitTo(branch: string): Promise<string> {
  const work = mkdtempSync(join(folder, 'work-'))
  const name = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.org']
  await execute('git', ['init', '-q', work])
  writeFileSync(join(work, 'file'), 'hello\n')
  await execute('git', ['add', '-A'], { cwd: work })
  await execute('git', [...name, 'commit', '-q', '-m', 'a change'], { cwd: work })
  await execute('git', ['push', '-q', path, `HEAD:refs/heads/${branch}`, 'HEAD:refs/tags/v1'], { cwd: work })
  return (await execute('git', ['rev-parse', 'HEAD'], { cwd: work })).stdout.trim()
}

test('is made bare and empty; making it again, or twice at once, changes nothing', async () => {
  await Promise.all([createRepository(path), createRepository(path)])
  const commit = await commitTo('master')
  await createRepository(path)
  assert.deepEqual(
    [...(await refs(path))],
    [
      ['refs/heads/master', commit],
      ['refs/tags/v1', commit],
    ],
  )
  assert.equal(readFileSync(join(path, 'HEAD'), 'utf8'), 'ref: refs/heads/master\n')
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  )
})

test('tells which commit an id, a ref or a tag leads to, and takes no name for an option', async () => {
  await createRepository(path)
  const commit = await commitTo('master')
  const objects = acceptedObjects(path)
  for (const rev of [commit, 'refs/heads/master', 'refs/tags/v1'])
    assert.equal(await resolveCommit(objects, rev), commit, rev)
  const none = [
    'refs/heads/none',
    '0'.repeat(40),
    `${commit}^{tree}`,
    '--help',
    '',
    'a\nb',
    'HEAD\n',
    `${commit} x`,
  ]
  for (const rev of none) assert.equal(await resolveCommit(objects, rev), undefined, rev)
})

test('HEAD can be moved, so a clone checks out the branch that is deployed', async () => {
  await createRepository(path)
  await commitTo('main')
  await setHead(path, 'main')
  await execute('git', ['clone', '-q', path, join(folder, 'clone')])
  assert.ok(existsSync(join(folder, 'clone', 'file')))
})

test('is removed at once, and removing what is not there is fine', async () => {
  await createRepository(path)
  await removeRepository(path)
  await removeRepository(path)
  assert.deepEqual(readdirSync(folder), [])
})

test('what a power cut leaves is swept away, and nothing else', async () => {
  await createRepository(path)
  mkdirSync(join(folder, '.2.git.new-0123456789ab'))
  mkdirSync(join(folder, '.3.git.removed-0123456789ab'))
  mkdirSync(join(folder, '.keep'))
  mkdirSync(join(path, 'objects', 'tmp_objdir-incoming-x', 'pack'), { recursive: true })
  await sweepRepositories(folder)
  assert.deepEqual(readdirSync(folder), ['.keep', '1.git'])
  assert.deepEqual(
    readdirSync(join(path, 'objects')).filter((name) => name.startsWith('tmp')),
    [],
  )
  await sweepRepositories(join(folder, 'none'))
})

test('garbage is collected without harm, and not at all when it is called off', async () => {
  await createRepository(path)
  const commit = await commitTo('master')
  await collectRepositoryGarbage(path, new AbortController().signal)
  await collectRepositoryGarbage(path, AbortSignal.abort())
  assert.equal(await resolveCommit(acceptedObjects(path), 'refs/heads/master'), commit)
})

test('a git that leads elsewhere by its environment leads nowhere here', async () => {
  await createRepository(path)
  await commitTo('master')
  process.env.GIT_DIR = '/nowhere'
  process.env.GIT_OBJECT_DIRECTORY = '/nowhere'
  try {
    assert.equal((await refs(path)).size, 2)
  } finally {
    delete process.env.GIT_DIR
    delete process.env.GIT_OBJECT_DIRECTORY
  }
})
