import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { mock, type TestContext, test } from 'node:test'
import { parseAppName } from '../../../../src/core/app.ts'
import { isFailure } from '../../../../src/core/errors.ts'
import { Store } from '../../../../src/host/store/store.ts'

const shop = parseAppName('shop')
const commit = 'c'.repeat(40)

function openStore(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'crew-store-'))
  const path = join(folder, 'crew.db')
  const store = new Store(path)
  t.after(() => {
    store[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })
  return { store, path }
}

const newRelease = (store: Store, cause: 'push' | 'rollback' = 'push') =>
  store.releases.create(shop, { cause, commit, config: store.config.all(shop), who: 'tester' }).number

function liveRelease(store: Store, cause: 'push' | 'rollback' = 'push') {
  const number = newRelease(store, cause)
  store.releases.built(shop, number, {
    image: `sha256:${number}`,
    processes: [{ type: 'web', command: null }],
    port: 5000,
  })
  store.releases.makeLive(shop, number, store.apps.nextDeployment(shop))
  return number
}

test('only the owner can read the store, and it is WAL with every commit on disk', (t) => {
  const { store, path } = openStore(t)
  store.apps.create(shop)
  for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o777, 0o600, file)
  const db = new DatabaseSync(path)
  assert.equal(db.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
  db.close()
})

test('an instance keeps its id, and what was written is there when it is opened again', (t) => {
  const { store, path } = openStore(t)
  store.apps.create(shop)
  store.config.change(shop, { A: 'x\ny "z"' })
  using again = new Store(path)
  assert.equal(again.instance, store.instance)
  assert.deepEqual(again.config.all(shop), { A: 'x\ny "z"' })
})

test('a store of a newer Crew is left alone', (t) => {
  const { store, path } = openStore(t)
  store[Symbol.dispose]()
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  assert.throws(
    () => new Store(path),
    (error) => isFailure(error, 'store-newer'),
  )
})

test('a release goes live in one step with the one before it superseded', (t) => {
  const { store } = openStore(t)
  store.apps.create(shop)
  assert.deepEqual([liveRelease(store), liveRelease(store)], [1, 2])
  assert.deepEqual(store.apps.get(shop).live, { release: 2, deployment: 2 })
  assert.deepEqual(
    store.releases.list(shop).map(({ number, state }) => [number, state]),
    [
      [2, 'live'],
      [1, 'superseded'],
    ],
  )
})

test('a restart moves the deployment and not the release', (t) => {
  const { store } = openStore(t)
  store.apps.create(shop)
  const number = liveRelease(store)
  store.releases.makeLive(shop, number, store.apps.nextDeployment(shop))
  assert.deepEqual(store.apps.get(shop).live, { release: 1, deployment: 2 })
})

test('a rollback brings its configuration back when it goes live, not before', (t) => {
  const { store } = openStore(t)
  store.apps.create(shop)
  store.config.change(shop, { A: 'old' })
  liveRelease(store)
  store.config.change(shop, { A: 'new', B: '1' })
  liveRelease(store)
  const { config } = store.releases.get(shop, 1)
  const { number } = store.releases.create(shop, { cause: 'rollback', commit, config, who: 'tester' })
  store.releases.built(shop, number, { image: 'sha256:1', processes: [], port: null })
  assert.deepEqual(store.config.all(shop), { A: 'new', B: '1' })
  store.releases.makeLive(shop, number, store.apps.nextDeployment(shop))
  assert.deepEqual(store.config.all(shop), { A: 'old' })
})

test('a release that failed cannot go live, and a failed change leaves nothing behind', (t) => {
  const { store } = openStore(t)
  store.apps.create(shop)
  const number = newRelease(store)
  store.releases.end(shop, number, 'failed', 'no Dockerfile')
  assert.throws(() => store.releases.makeLive(shop, number, 1))
  assert.equal(store.apps.get(shop).live, null)
  assert.equal(store.releases.get(shop, number).note, 'no Dockerfile')
  assert.deepEqual(store.releases.unfinished(), [])
})

test('a port and a domain belong to one app', (t) => {
  const { store } = openStore(t)
  const cafe = parseAppName('cafe')
  store.apps.create(shop)
  store.apps.create(cafe)
  store.routes.setPorts(shop, [{ scheme: 'http', hostPort: 20000, containerPort: 5000 }])
  store.routes.setDomains(shop, ['shop.org'])
  assert.throws(
    () => store.routes.setPorts(cafe, [{ scheme: 'tcp', hostPort: 20000, containerPort: 1 }]),
    (error) => isFailure(error, 'port-taken') && error.message.includes('shop'),
  )
  assert.throws(
    () => store.routes.setDomains(cafe, ['cafe.org', 'shop.org']),
    (error) => isFailure(error, 'exists'),
  )
  assert.deepEqual(store.routes.domains(cafe), [])
})

test('destroying an app removes all the store has of it, and its id is never used again', (t) => {
  const { store } = openStore(t)
  const { id } = store.apps.create(shop)
  store.config.change(shop, { A: '1' })
  liveRelease(store)
  store.apps.destroy(shop)
  assert.throws(
    () => store.apps.get(shop),
    (error) => isFailure(error, 'app-unknown'),
  )
  assert.notEqual(store.apps.create(shop).id, id)
  assert.deepEqual(store.releases.list(shop), [])
  assert.deepEqual(store.config.all(shop), {})
})

test('a key is registered once, under one name', (t) => {
  const { store } = openStore(t)
  store.keys.add({ name: 'ann', fingerprint: 'SHA256:1', publicKey: 'ssh-ed25519 AAAA' })
  assert.throws(
    () => store.keys.add({ name: 'bob', fingerprint: 'SHA256:1', publicKey: 'ssh-ed25519 AAAA' }),
    (error) => isFailure(error, 'exists'),
  )
  assert.throws(
    () => store.keys.add({ name: 'ann', fingerprint: 'SHA256:2', publicKey: 'ssh-ed25519 BBBB' }),
    (error) => isFailure(error, 'exists'),
  )
  assert.equal(store.keys.findByFingerprint('SHA256:1')?.name, 'ann')
  assert.equal(store.keys.remove('ann'), true)
  assert.equal(store.keys.remove('ann'), false)
})

const madeImage = {
  key: 'k1',
  image: 'sha256:1',
  tag: 'crew/made:k1',
  reference: 'node:24',
  platform: 'linux/arm64',
  how: 'build',
  size: 2 ** 33,
  record: '{}',
} as const

test('an image that was made is found by its key and by the image it stands for', (t) => {
  const { store } = openStore(t)
  store.madeImages.add(madeImage)
  store.madeImages.add({ ...madeImage, key: 'k2', platform: 'linux/arm/v7' })
  const found = store.madeImages.find('k1')
  assert.deepEqual({ ...found, createdAt: '', usedAt: '' }, { ...madeImage, createdAt: '', usedAt: '' })
  assert.ok(found && found.createdAt === found.usedAt)
  assert.deepEqual(
    store.madeImages.named('node:24', 'linux/arm64').map(({ key }) => key),
    ['k1'],
  )
  assert.deepEqual(store.madeImages.named('node:24', 'linux/riscv64'), [])
  store.madeImages.remove('k1')
  assert.equal(store.madeImages.find('k1'), undefined)
  assert.equal(store.madeImages.list().length, 1)
})

test('an image that is made again takes the place of the one before', (t) => {
  const { store } = openStore(t)
  store.madeImages.add(madeImage)
  store.madeImages.add({ ...madeImage, image: 'sha256:2', size: 1, record: '{"a":1}' })
  const [made, ...others] = store.madeImages.list()
  assert.deepEqual(others, [])
  assert.deepEqual([made?.image, made?.size, made?.record], ['sha256:2', 1, '{"a":1}'])
})

test('an image may be kept under one tag on this engine and on another machine’s', (t) => {
  const { store } = openStore(t)
  store.madeImages.add(madeImage)
  store.madeImages.add({ ...madeImage, key: 'c3NoOi8vcGM-k1' })
  assert.equal(store.madeImages.list().length, 2)
})

test('what was used last comes first, and a use is written down only now and then', (t) => {
  const { store } = openStore(t)
  mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-01-01T00:00:00Z') })
  t.after(() => mock.timers.reset())
  const keys = () => store.madeImages.list().map(({ key }) => key)
  store.madeImages.add(madeImage)
  mock.timers.tick(1000)
  store.madeImages.add({ ...madeImage, key: 'k2' })
  assert.deepEqual(keys(), ['k2', 'k1'])
  mock.timers.tick(3_600_000)
  store.madeImages.used('k1')
  assert.deepEqual(keys(), ['k2', 'k1'], 'cards wear')
  mock.timers.tick(24 * 3_600_000)
  store.madeImages.used('k1')
  assert.deepEqual(keys(), ['k1', 'k2'])
  assert.equal(store.madeImages.find('k1')?.createdAt, '2026-01-01T00:00:00.000Z')
  store.madeImages.used('nothing')
  assert.equal(store.madeImages.list().length, 2)
})

test('a source is given once for an image, and listed by name', (t) => {
  const { store } = openStore(t)
  store.imageSources.add('node', 'https://example.org/node#main')
  store.imageSources.add('base:1', 'https://example.org/base')
  assert.throws(
    () => store.imageSources.add('node', 'https://example.org/other'),
    (error) => isFailure(error, 'exists') && error.hint === 'scratch:source remove node',
  )
  assert.deepEqual(
    store.imageSources.list().map(({ image, url }) => [image, url]),
    [
      ['base:1', 'https://example.org/base'],
      ['node', 'https://example.org/node#main'],
    ],
  )
  assert.equal(store.imageSources.find('node')?.url, 'https://example.org/node#main')
  assert.equal(store.imageSources.find('node:24'), undefined, 'who asks looks for both names')
  assert.deepEqual([store.imageSources.remove('node'), store.imageSources.remove('node')], [true, false])
})

test('a store of before images were made gets their tables, and keeps what it has', (t) => {
  const { store, path } = openStore(t)
  store.apps.create(shop)
  store[Symbol.dispose]()
  const db = new DatabaseSync(path)
  db.exec('DROP TABLE made_images; DROP TABLE image_sources; DROP TABLE registries; PRAGMA user_version = 1')
  db.close()
  using again = new Store(path)
  assert.ok(again.apps.find(shop))
  again.madeImages.add(madeImage)
  again.imageSources.add('node', 'https://example.org/node')
  assert.equal(again.madeImages.list().length, 1)
})
