import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { type ImageReference, parseImageReference } from '../../../../src/core/image-reference.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'
import { imageLabels, manifestFor, platformsAt } from '../../../../src/host/registry/client.ts'

const signal = new AbortController().signal
const credentials = { username: 'me', password: 'open:sesame ü' }
const BASIC = `Basic ${Buffer.from('me:open:sesame ü').toString('base64')}`

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const digestOf = (body: Buffer) => `sha256:${createHash('sha256').update(body).digest('hex')}`

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void

/** A server of its own that remembers what it was asked: path and Authorization. */
async function serve(handler: Handler, host = '127.0.0.1') {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? '-'}`)
    handler(request, response, new URL(request.url ?? '/', 'http://x'))
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = `${host}:${(server.address() as AddressInfo).port}`
  return {
    address,
    asked,
    reference: (name = 'some/app:1'): ImageReference => parseImageReference(`${address}/${name}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const configOf = (architecture: string, labels: Record<string, string>, variant?: string) =>
  bytes({ os: 'linux', architecture, variant, config: { Labels: labels } })
const manifestOf = (config: Buffer) =>
  bytes({ schemaVersion: 2, config: { digest: digestOf(config) }, layers: [], annotations: { of: 'image' } })

const arm = configOf('arm', { machine: 'arm' }, 'v6')
const amd = configOf('amd64', {
  'org.opencontainers.image.source': 'https://example.org/x.git',
  of: 'config',
})
const list = bytes({
  schemaVersion: 2,
  annotations: { list: 'yes' },
  manifests: [
    { digest: digestOf(manifestOf(arm)), platform: { os: 'linux', architecture: 'arm', variant: 'v6' } },
    {
      digest: digestOf(manifestOf(amd)),
      platform: { os: 'linux', architecture: 'amd64' },
      annotations: { of: 'entry', 'org.opencontainers.image.revision': 'abc' },
    },
    { digest: digestOf(bytes('attestation')), platform: { os: 'unknown', architecture: 'unknown' } },
  ],
})
const content = new Map<string, Buffer>(
  [list, manifestOf(arm), manifestOf(amd), arm, amd].map((body) => [digestOf(body), body]),
)

/** Answers as a registry that holds `some/app`: tag 1 is the list, tag `arm` one image. */
const registry: Handler = (_, response, { pathname }) => {
  const match = /^\/v2\/some\/app\/(?:manifests|blobs)\/(.+)$/.exec(pathname)
  const body =
    match?.[1] === '1' ? list : match?.[1] === 'arm' ? manifestOf(arm) : content.get(match?.[1] ?? '')
  if (!body) return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
  response.writeHead(200, { 'docker-content-digest': digestOf(body) }).end(body)
}

const problemOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => assert.fail('it went well'),
    (error: unknown) => error,
  )
  assert.ok(isFailure(error, 'registry-failed'), String(error))
  return error.message
}

describe('an image in a registry', () => {
  test('tells its labels, those of amd64 when it is a list, and annotations where it has no label', async () => {
    await using server = await serve(registry)
    assert.deepEqual(await imageLabels(server.reference(), {}, signal), {
      list: 'yes',
      of: 'config',
      'org.opencontainers.image.source': 'https://example.org/x.git',
      'org.opencontainers.image.revision': 'abc',
    })
    assert.deepEqual(await imageLabels(server.reference('some/app:arm'), {}, signal), {
      of: 'image',
      machine: 'arm',
    })
    assert.equal(await imageLabels(server.reference('some/app:2'), {}, signal), undefined)
  })

  test('tells its platforms, and the manifest of one or of an older variant', async () => {
    await using server = await serve(registry)
    assert.deepEqual(await platformsAt(server.reference(), {}, signal), ['linux/arm/v6', 'linux/amd64'])
    assert.deepEqual(await platformsAt(server.reference('some/app:arm'), {}, signal), ['linux/arm/v6'])
    const manifest = (platform: string, name?: string) =>
      manifestFor(server.reference(name), parsePlatform(platform), {}, signal)
    assert.equal(await manifest('linux/amd64'), digestOf(manifestOf(amd)))
    assert.equal(await manifest('linux/arm/v7'), digestOf(manifestOf(arm)))
    assert.equal(await manifest('linux/arm64'), undefined)
    assert.equal(await manifest('linux/arm/v7', 'some/app:arm'), undefined)
  })

  test('is not believed when it is not what its digest says', async () => {
    await using server = await serve((_, response, { pathname }) => {
      const body = pathname.endsWith('/1') || pathname.includes('manifests') ? manifestOf(arm) : amd
      response.writeHead(200, { 'docker-content-digest': digestOf(manifestOf(arm)) }).end(body)
    })
    assert.match(await problemOf(imageLabels(server.reference(), {}, signal)), /blob is not what its digest/)
    const pinned = server.reference(`some/app@sha256:${'0'.repeat(64)}`)
    assert.match(await problemOf(imageLabels(pinned, {}, signal)), /manifest is not what its digest/)
  })

  test('is given up when it is too large, no JSON, or leads in circles', async () => {
    const endings: Record<string, Handler> = {
      'larger than': (_, response) => {
        const more = () => response.write(Buffer.alloc(2 ** 18), () => response.destroyed || more())
        more()
      },
      'not of the form': (_, response) => response.end('<html>'),
      'redirects without end': (_, response, { pathname }) =>
        response.writeHead(307, { location: `${pathname}?` }).end(),
      'which has no TLS': (_, response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
      'leads to file:': (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'too many requests': (_, response) => response.writeHead(429).end(),
      'answered 503': (_, response) => response.writeHead(503).end(),
    }
    for (const [words, handler] of Object.entries(endings)) {
      await using server = await serve(handler)
      assert.match(await problemOf(imageLabels(server.reference(), {}, signal)), new RegExp(words))
    }
  })
})

describe('a login', () => {
  test('by token goes to the server that the registry names, and the token to the registry', async () => {
    await using tokens = await serve((request, response, url) => {
      if (request.headers.authorization !== BASIC) return void response.writeHead(401).end()
      assert.equal(url.searchParams.get('service'), 'the registry')
      assert.equal(url.searchParams.get('scope'), 'repository:some/app:pull')
      response.end('{"token":"abc.def","expires_in":60}')
    }, '127.0.0.3')
    await using server = await serve((request, response, url) => {
      if (request.headers.authorization === 'Bearer abc.def') return registry(request, response, url)
      const challenge = `Bearer realm="http://${tokens.address}/token",service="the registry",scope="repository:some/app:pull"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    })
    assert.deepEqual(await platformsAt(server.reference(), { credentials }, signal), [
      'linux/arm/v6',
      'linux/amd64',
    ])
    assert.deepEqual(server.asked, ['/v2/some/app/manifests/1 -', '/v2/some/app/manifests/1 Bearer abc.def'])
    assert.equal(tokens.asked.length, 1, 'one token does for the whole conversation')
    assert.equal(await platformsAt(server.reference(), {}, signal), undefined, 'nobody may not see it')
  })

  test('without TLS is not sent to a token server elsewhere', async () => {
    await using server = await serve((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' }).end(),
    )
    const problem = await problemOf(imageLabels(server.reference(), { credentials }, signal))
    assert.match(problem, /192\.0\.2\.1, which has no TLS/)
    assert.ok(!problem.includes('sesame'))
  })

  test('with a password goes to the registry when it asks, and never where it redirects to', async () => {
    await using storage = await serve(
      (request, response, url) =>
        url.pathname === '/ask'
          ? response.writeHead(401, { 'www-authenticate': 'Basic realm="trap"' }).end()
          : registry(request, response, url),
      '127.0.0.2',
    )
    let trap = false
    let open = false
    await using server = await serve((request, response, url) => {
      if (!open && request.headers.authorization !== BASIC)
        return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      if (!url.pathname.includes('/blobs/')) return registry(request, response, url)
      const location = `http://${storage.address}${trap ? '/ask' : url.pathname}`
      response.writeHead(307, { location }).end()
    })
    const access = { credentials }
    assert.equal((await imageLabels(server.reference('some/app:arm'), access, signal))?.machine, 'arm')
    assert.deepEqual(storage.asked, [`/v2/some/app/blobs/${digestOf(arm)} -`])
    trap = true
    await imageLabels(server.reference('some/app:arm'), access, signal)
    assert.deepEqual(storage.asked.slice(1), ['/ask -'])
    open = true
    server.asked.length = 0
    await imageLabels(server.reference('some/app:arm'), access, signal)
    assert.deepEqual(storage.asked.slice(2), ['/ask -'])
    assert.ok(
      server.asked.every((line) => line.endsWith(' -')),
      'a challenge from elsewhere is not met',
    )
    const wrong = { credentials: { ...credentials, password: 'x' } }
    assert.equal(await imageLabels(server.reference(), wrong, signal), undefined)
  })
})

describe('a registry that does not answer', () => {
  test('is left when the caller leaves', async () => {
    await using server = await serve(() => {})
    const off = new AbortController()
    setTimeout(() => off.abort(), 50)
    await assert.rejects(imageLabels(server.reference(), {}, off.signal), (error) =>
      isFailure(error, 'canceled'),
    )
  })

  test('is named with what went wrong when there is none', async () => {
    const reference = parseImageReference('localhost:1/x')
    assert.match(await problemOf(imageLabels(reference, {}, signal)), /^registry localhost:1: .*ECONNREFUSED/)
  })

  test('is not asked without TLS unless it is said to have none', async () => {
    await using server = await serve(registry, '127.0.0.1')
    const port = server.address.split(':')[1]
    // a name that is no loopback address to the eye
    const reference = parseImageReference(`registry.invalid:${port}/some/app:1`)
    await problemOf(imageLabels(reference, {}, signal))
    assert.deepEqual(server.asked, [])
  })
})
