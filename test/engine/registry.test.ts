// Images in registries: what is published for which platform, what comes when it is pulled, who may see it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFailure } from '../../src/core/errors.ts'
import { parseImageReference } from '../../src/core/image-reference.ts'
import { parsePlatform } from '../../src/core/platform.ts'
import { publishedAt } from '../../src/host/docker/distribution.ts'
import { Engine } from '../../src/host/docker/engine.ts'
import { findImage, listImages, removeImage } from '../../src/host/docker/images.ts'
import { checkLogin } from '../../src/host/docker/login.ts'
import { pullImage, pullPlatform } from '../../src/host/docker/pull.ts'
import { freePort } from '../../src/host/net/free-port.ts'
import { imageLabels } from '../../src/host/registry/client.ts'
import type { RegistryAccess } from '../../src/host/registry/credentials.ts'
import { BASE_IMAGE, testEngine } from './harness/engine.ts'
import { Instance, webApp } from './harness/instance.ts'
import { HTPASSWD, LOGIN, loadImage, Registry } from './harness/registry.ts'

const engine = testEngine()
const signal = new AbortController().signal
const arm64 = parsePlatform('linux/arm64')
const armv7 = parsePlatform('linux/arm/v7')
const amd64 = parsePlatform('linux/amd64')
const TAG = `crew-test-ours/${randomBytes(4).toString('hex')}:1`

let open: Registry
let closed: Registry
/** Digest of the list that is `multi:1`. */
let multi: string

before(async () => {
  open = await Registry.start()
  closed = await Registry.start({ htpasswd: HTPASSWD })
  const source = { 'org.opencontainers.image.source': 'https://example.org/only.git' }
  const large = randomBytes(2 ** 20)
  await open.publish(engine, 'only:1', { architecture: 'amd64', labels: source, content: large })
  const entries = [
    { architecture: 'amd64' },
    { architecture: 'arm64', variant: 'v8' },
    { architecture: 'arm', variant: 'v6' },
  ]
  const made = []
  for (const entry of entries) {
    const digest = await open.publish(engine, `multi:${entry.architecture}`, entry)
    made.push({ ...entry, digest })
  }
  const attestation = { os: 'unknown', architecture: 'unknown', digest: made[0]?.digest ?? '' }
  multi = await open.putList('multi:1', [...made, attestation], {
    'org.opencontainers.image.revision': 'abc',
  })
  // under an innocent tag: an amd64 image of which the list says that it is for arm64, and for amd64
  const wrong = await open.publish(engine, 'wrong:amd64', { architecture: 'amd64', content: 'wrong' })
  await open.putList('wrong:1', [
    { digest: wrong, architecture: 'arm64' },
    { digest: wrong, architecture: 'amd64' },
  ])
  await closed.publish(engine, 'private:1', { architecture: 'amd64', content: 'private' })
})

after(async () => {
  await open[Symbol.asyncDispose]()
  await closed[Symbol.asyncDispose]()
})

const reference = (registry: Registry, name: string) => parseImageReference(`${registry.address}/${name}`)
const published = (registry: Registry, name: string, access: RegistryAccess = {}) =>
  publishedAt(engine, reference(registry, name), access, signal)
/** All that the engine knows of images in these registries, or under our tags; other tests make others meanwhile. */
const kept = async () => {
  const ours = [open.address, closed.address, TAG.split(':')[0] ?? '']
  return (await engine.docker.listImages({ all: true }))
    .map(({ Id, RepoTags, RepoDigests }) => ({ Id, names: [...(RepoTags ?? []), ...(RepoDigests ?? [])] }))
    .filter(({ names }) => names.some((name) => ours.some((own) => name.startsWith(own))))
    .toSorted((a, b) => a.Id.localeCompare(b.Id))
}

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => assert.fail('it went well'),
    (error: unknown) => error,
  )
  if (!isFailure(error)) throw error
  return error
}

describe('a registry tells', () => {
  test('for which platforms an image is published, attestations left out', async () => {
    assert.deepEqual(await published(open, 'multi:1'), {
      state: 'published',
      digest: multi,
      platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v6'],
    })
    assert.deepEqual(await published(open, `multi@${multi}`), await published(open, 'multi:1'))
    const only = await published(open, 'only:1')
    assert.deepEqual(only.state === 'published' && only.platforms, ['linux/amd64'])
  })

  test('the platform of a single OCI manifest, of which the engine says nothing', async () => {
    const { config, layers } = await open.manifest('multi:arm64')
    const oci = (descriptor: object, mediaType: string) => ({ ...descriptor, mediaType })
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const digest = await open.putManifest('multi:oci', type, {
      schemaVersion: 2,
      mediaType: type,
      config: oci(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((layer) => oci(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    })
    const platforms = [arm64]
    assert.deepEqual(await published(open, 'multi:oci'), { state: 'published', digest, platforms })
  })

  test('what is not there, and what somebody else may see', async () => {
    assert.deepEqual(await published(open, 'multi:2'), { state: 'absent' })
    assert.deepEqual(await published(open, 'nowhere:1'), { state: 'absent' })
    assert.deepEqual(await published(closed, 'private:1'), { state: 'denied' })
    const wrong = { credentials: { ...LOGIN, password: 'wrong' } }
    assert.deepEqual(await published(closed, 'private:1', wrong), { state: 'denied' })
    assert.equal((await published(closed, 'private:1', { credentials: LOGIN })).state, 'published')
    assert.deepEqual(await published(closed, 'private:2', { credentials: LOGIN }), { state: 'absent' })
  })

  test('labels of an image for another platform, and annotations of its list', async () => {
    const only = await imageLabels(reference(open, 'only:1'), {}, signal)
    assert.equal(only?.['org.opencontainers.image.source'], 'https://example.org/only.git')
    const all = await imageLabels(reference(open, 'multi:1'), {}, signal)
    assert.equal(all?.['org.opencontainers.image.revision'], 'abc')
    const access = { credentials: LOGIN }
    assert.deepEqual(await imageLabels(reference(closed, 'private:1'), access, signal), {})
    assert.equal(await imageLabels(reference(closed, 'private:1'), {}, signal), undefined)
  })

  test('nothing when it is not there or does not answer, and then it is soon left', async () => {
    const nobody = parseImageReference(`127.0.0.1:${await freePort()}/x:1`)
    const gone = await publishedAt(engine, nobody, {}, signal)
    assert.match(gone.state === 'unreachable' ? gone.problem : gone.state, /connection refused/)
    const sockets = new Set<Socket>()
    const silence = createServer((socket) => sockets.add(socket.on('error', () => {})))
    await new Promise<void>((resolve) => silence.listen(0, '127.0.0.1', resolve))
    const address = silence.address()
    const port = typeof address === 'object' ? address?.port : 0
    try {
      const silent = parseImageReference(`127.0.0.1:${port}/x:1`)
      const off = new AbortController()
      setTimeout(() => off.abort(), 300)
      assert.equal((await failureOf(publishedAt(engine, silent, {}, off.signal))).code, 'canceled')
      const began = performance.now()
      const [asked, labels, login] = await Promise.all([
        publishedAt(engine, silent, {}, signal),
        failureOf(imageLabels(silent, {}, signal)),
        failureOf(checkLogin(engine, silent.registry, LOGIN, signal)),
      ])
      assert.equal(asked.state, 'unreachable')
      assert.match(labels.message, /did not answer within 20 s/)
      assert.equal(login.code, 'registry-refused')
      assert.ok(performance.now() - began < 25_000)
    } finally {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => silence.close(resolve))
    }
    const nowhere = new Engine('unix:///nowhere/docker.sock')
    assert.equal((await failureOf(publishedAt(nowhere, nobody, {}, signal))).code, 'engine-unreachable')
  })
})

describe('pulling for a platform', () => {
  const pull = (name: string, digest: string, platform = arm64, tag = TAG) => {
    const request = { reference: reference(open, name), digest, platform, tag }
    return pullPlatform(engine, request, {}, () => {}, signal)
  }

  test('brings the image of that platform under our tag, and removing that leaves nothing', async () => {
    const before = await kept()
    const image = await pull('multi:1', multi)
    assert.deepEqual([image.platform, image.variant, image.tags], ['linux/arm64', 'v8', [TAG]])
    assert.equal(image.layers.length, 1)
    assert.equal(await findImage(engine, `${open.address}/multi:1`), undefined)
    await removeImage(engine, TAG)
    assert.deepEqual(await kept(), before)
  })

  test('leaves the tag and the digest of an image that was there where they are', async () => {
    const name = `${open.address}/multi:1`
    await pullImage(engine, name, {}, () => {}, signal)
    const [own, image] = [await findImage(engine, name), await pull('multi:1', multi)]
    assert.equal(own?.platform, 'linux/amd64')
    const older = await pull('multi:1', multi, armv7, TAG.replace(':1', ':2'))
    assert.equal(older.platform, 'linux/arm/v6', 'an older variant does')
    assert.equal(image.platform, 'linux/arm64')
    for (const reference of [name, `${open.address}/multi@${multi}`])
      assert.equal((await findImage(engine, reference))?.id, own?.id)
    await removeImage(engine, TAG)
    await removeImage(engine, TAG.replace(':1', ':2'))
    assert.equal((await findImage(engine, name))?.id, own?.id)
    await pull('multi:1', multi, amd64)
    await removeImage(engine, TAG)
    for (const reference of [name, `${open.address}/multi@${multi}`])
      assert.equal((await findImage(engine, reference))?.id, own?.id, 'also when it is the very same image')
    await removeImage(engine, name)
  })

  test('leaves an image alone that somebody has by its digest only', async () => {
    const name = `${open.address}/multi@${await open.digest('multi:amd64')}`
    await pullImage(engine, name, {}, () => {}, signal)
    const own = await findImage(engine, name)
    assert.equal((await pull('multi:1', multi, amd64)).id, own?.id)
    await removeImage(engine, TAG)
    assert.equal((await findImage(engine, name))?.id, own?.id)
    await removeImage(engine, name)
  })

  test('several times at once gives everybody their own, and leaves nothing', async () => {
    const before = await kept()
    const tags = [1, 2, 3, 4, 5, 6].map((number) => TAG.replace(':1', `:${number}`))
    const wanted = tags.map((_, index) => (index === 1 ? amd64 : arm64))
    // one after the other, so that some begin while others end
    const pulls = tags.map((tag, index) =>
      sleep(index * 15).then(() => pull('multi:1', multi, wanted[index], tag)),
    )
    const images = await Promise.all(pulls)
    assert.deepEqual(
      images.map(({ platform }) => platform),
      wanted,
    )
    for (const tag of tags) await removeImage(engine, tag)
    assert.deepEqual(await kept(), before)
  })

  test('does not believe the list: what came for another architecture is refused and removed', async () => {
    const before = await kept()
    const error = await failureOf(pull('wrong:1', await open.digest('wrong:1')))
    assert.equal(error.code, 'base-wrong-platform')
    assert.match(error.message, /wrong:1 is published for linux\/arm64, and what came is for linux\/amd64/)
    const single = await failureOf(pull('only:1', await open.digest('only:1')))
    assert.match(single.code, /^base-(wrong-platform|missing)$/)
    assert.deepEqual(await kept(), before)
  })

  test('says so when there is none, and when it is called off', async () => {
    const riscv64 = parsePlatform('linux/riscv64')
    const error = await failureOf(pull('multi:1', multi, riscv64))
    assert.equal(error.code, 'base-missing')
    assert.match(error.message, /no match(ing manifest)? for/)
    const off = AbortSignal.abort()
    const request = { reference: reference(open, 'multi:1'), digest: multi, platform: arm64, tag: TAG }
    assert.equal((await failureOf(pullPlatform(engine, request, {}, () => {}, off))).code, 'canceled')
  })
})

describe('an image on the engine', () => {
  test('tells its platform with the variant, its layers, its size and its ONBUILD', async () => {
    const tag = 'crew-test-made/inspected:1'
    const onBuild = ['RUN true']
    await loadImage(engine, { tag, architecture: 'arm', variant: 'v5', onBuild, content: 'x'.repeat(9000) })
    const image = await findImage(engine, tag)
    assert.deepEqual([image?.platform, image?.variant, image?.onBuild], ['linux/arm/v5', 'v5', onBuild])
    assert.match(image?.layers.join() ?? '', /^sha256:[0-9a-f]{64}$/)
    assert.ok((image?.size ?? 0) >= 9000)
    await removeImage(engine, tag)
  })
})

describe('a login', () => {
  test('is judged by the registry, and its words are shown', async () => {
    await checkLogin(engine, closed.address, LOGIN, signal)
    const wrong = { ...LOGIN, password: 'not it' }
    const error = await failureOf(checkLogin(engine, closed.address, wrong, signal))
    assert.equal(error.code, 'registry-refused')
    assert.match(error.message, /did not accept the login of crew: .*(unauthorized|401)/)
    assert.ok(!error.message.includes('not it'))
    const nobody = await failureOf(checkLogin(engine, `127.0.0.1:${await freePort()}`, LOGIN, signal))
    assert.match(nobody.message, /connection refused/)
  })

  test('that is kept lets a push build on what is not public, and nobody reads the password', async () => {
    await using crew = await Instance.start()
    await closed.push(engine, BASE_IMAGE, 'base:1')
    const base = `${closed.address}/base:1`
    const repository = await crew.repository('shop', {
      ...webApp('one'),
      Dockerfile: webApp('').Dockerfile?.replace(BASE_IMAGE, base) ?? '',
    })
    try {
      const denied = await crew.push(repository)
      assert.notEqual(denied.status, 0)
      assert.match(denied.stderr, /could not be pulled: .*registry:login/)
      const login = ['registry:login', '--password-stdin', `http://${closed.address}/v2/`, LOGIN.username]
      const wrong = await crew.ssh(login, { input: 'not it\n' })
      assert.deepEqual([wrong.status, wrong.stdout], [1, ''])
      assert.match(wrong.stderr, /did not accept the login of crew: .*(unauthorized|401)/)
      assert.deepEqual(await crew.json(['registry:list']), [])
      const { status, stdout } = await crew.ssh(login, { input: `${LOGIN.password}\n` })
      assert.deepEqual([status, stdout], [0, 'Login Succeeded\n'])
      const pushed = await crew.push(repository)
      assert.equal(pushed.status, 0, pushed.stderr)
      assert.equal(await crew.page('shop'), 'one')
      const listed = await crew.ssh(['registry:list'])
      assert.match(listed.stdout, new RegExp(`^${closed.address} +crew +20`))
      for (const text of [listed.stdout, pushed.stderr, wrong.stderr, crew.log])
        assert.ok(!text.includes(LOGIN.password) && !text.includes('not it'))
      assert.equal(statSync(join(crew.root, 'crew.db')).mode & 0o777, 0o600)
    } finally {
      await crew.crew(['apps:destroy', '--force', 'shop'])
      await removeImage(engine, base)
    }
  })
})

test('a pull tells what came, not every layer', async () => {
  const lines: string[] = []
  const name = `${open.address}/only:1`
  await pullImage(engine, name, {}, (line) => lines.push(line), signal)
  // Docker's own image store tells the size of a layer in time, containerd's does not
  assert.match(lines.join('\n'), /^Downloaded 1 layer(, 1\.0 MiB)?$/)
  await pullImage(engine, name, {}, (line) => lines.push(line), signal)
  assert.equal(lines[1], 'Nothing to download: every layer is there')
  await removeImage(engine, name)
  assert.deepEqual(await listImages(engine, { reference: [`${open.address}/*`] }), [])
})
