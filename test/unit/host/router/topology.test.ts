import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import type { AppRoutes, Routes } from '../../../../src/host/router/routes.ts'
import { topologyOf } from '../../../../src/host/router/topology.ts'
import { routes } from './routes.ts'

const withApp = (more: Partial<AppRoutes>): Routes => {
  const [app] = routes.apps
  assert.ok(app)
  return { ...routes, apps: [{ ...app, ...more }] }
}

describe('the topology', () => {
  it('has a backend for the domains of each app and one for each port of its own', () => {
    const { backends, listeners, hosts } = topologyOf(routes)
    assert.deepEqual(
      backends.map(({ name, mode }) => `${mode} ${name}`),
      ['http app1_web', 'http app1_20000', 'tcp app1_20001', 'http app2_web'],
    )
    assert.deepEqual(backends[2]?.servers[0], { name: 'app1-web-1-d3', address: '10.213.0.5', port: 5432 })
    assert.deepEqual(listeners[1], { port: 20001, mode: 'tcp', backend: 'app1_20001' })
    assert.deepEqual(Object.fromEntries(hosts), {
      'one.example.org': 'app1_web',
      'www.one.example.org': 'app1_web',
    })
  })

  const hostile: readonly (readonly [string, Routes])[] = [
    ['a key with a line feed', withApp({ key: 'a\nglobal' })],
    ['an empty key', withApp({ key: '' })],
    ['a key in capitals', withApp({ key: 'App' })],
    ['a domain with a space', withApp({ domains: ['a b'] })],
    ['a domain with a line feed', withApp({ domains: ['a.b\nc app2_web'] })],
    ['a domain that ends with a line feed', withApp({ domains: ['a.b\n'] })],
    ['a domain in capitals', withApp({ domains: ['A.b'] })],
    ['a comment for a domain', withApp({ domains: ['#'] })],
    ['the same domain twice', withApp({ domains: ['a.b', 'a.b'] })],
    ['a server name with a space', withApp({ servers: [{ name: 'a b', address: '10.0.0.1' }] })],
    ['a server name with a semicolon', withApp({ servers: [{ name: 'a;show', address: '10.0.0.1' }] })],
    [
      'a server name that ends with a line feed',
      withApp({ servers: [{ name: 'a\n', address: '10.0.0.1' }] }),
    ],
    ['a name for an address', withApp({ servers: [{ name: 'a', address: 'example.org' }] })],
    ['an address with options', withApp({ servers: [{ name: 'a', address: '10.0.0.1 check' }] })],
    ['a port of zero', withApp({ defaultPort: 0 })],
    ['half a port', withApp({ defaultPort: 80.5 })],
    ['a port too many', withApp({ ports: [{ scheme: 'tcp', hostPort: 65536, containerPort: 80 }] })],
    [
      'the port of the host names',
      withApp({ ports: [{ scheme: 'tcp', hostPort: 8080, containerPort: 80 }] }),
    ],
    ['a listening address with options', { ...routes, http: { host: '0.0.0.0 ssl', port: 8080 } }],
    ['the same app twice', { ...routes, apps: [...routes.apps, ...routes.apps] }],
  ]
  for (const [what, wanted] of hostile) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => topologyOf(wanted),
        (error) => isFailure(error),
      )
    })
  }
})
