import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { loadSettings } from '../../../src/config/settings.ts'
import { type App, parseAppName } from '../../../src/core/app.ts'
import type { Observed } from '../../../src/deployer/observe.ts'
import { routesOf, urlsOf } from '../../../src/deployer/routes.ts'
import { Store } from '../../../src/host/store/store.ts'

const settings = loadSettings({ flags: { 'router-http-port': '8080' }, file: '' })
const name = parseAppName('shop')

describe('routes', () => {
  let folder: string
  let store: Store
  let app: App

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crew-routes-'))
    store = new Store(join(folder, 'crew.db'))
    app = store.apps.create(name)
  })
  afterEach(() => {
    store[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })

  function live(port: number | null): void {
    const { number } = store.releases.create(name, { cause: 'push', commit: 'c', config: {}, who: 'me' })
    store.releases.built(name, number, {
      image: 'sha256:1',
      processes: [{ type: 'web', command: null }],
      port,
    })
    store.releases.makeLive(name, number, store.apps.nextDeployment(name))
  }

  const container = (more: Partial<Observed>): Observed => ({
    id: 'id',
    name: 'name',
    appId: app.id,
    release: 1,
    deployment: 1,
    type: 'web',
    index: 1,
    image: 'sha256:1',
    state: 'running',
    health: 'none',
    address: '10.0.0.2',
    ...more,
  })

  test('lead to the web containers of the live deployment only', () => {
    live(5000)
    store.routes.setPorts(name, [{ scheme: 'http', hostPort: 20000, containerPort: 5000 }])
    const { http, apps } = routesOf(store, settings, [
      container({ name: 'b' }),
      container({ name: 'a', index: 2, address: '10.0.0.3' }),
      container({ name: 'worker', type: 'worker' }),
      container({ name: 'half', deployment: 2 }),
      container({ name: 'other', appId: app.id + 1 }),
      container({ name: 'lost', address: null }),
    ])
    assert.deepEqual(http, { host: '0.0.0.0', port: 8080 })
    assert.deepEqual(apps, [
      {
        key: `app${app.id}`,
        domains: ['shop.localhost'],
        ports: [{ scheme: 'http', hostPort: 20000, containerPort: 5000 }],
        defaultPort: 5000,
        servers: [
          { name: 'a', address: '10.0.0.3' },
          { name: 'b', address: '10.0.0.2' },
        ],
      },
    ])
  })

  test('of a stopped app are there, with nobody to answer', () => {
    live(5000)
    store.apps.setStopped(name, true)
    assert.deepEqual(routesOf(store, settings, [container({})]).apps[0]?.servers, [])
  })

  test('are not there for an app that never ran, or has no port', () => {
    assert.deepEqual(routesOf(store, settings, []).apps, [])
    live(null)
    assert.deepEqual(routesOf(store, settings, [container({})]).apps, [])
  })

  test('show a change before the store has it', () => {
    const change = { appId: app.id, deployment: 7, port: 3000, mappings: [] }
    const [routes] = routesOf(store, settings, [container({ deployment: 7 })], change).apps
    assert.equal(routes?.defaultPort, 3000)
    assert.equal(routes?.servers.length, 1)
  })

  test('domains lead to the port of the first HTTP mapping that was set', () => {
    live(5000)
    store.routes.setPorts(name, [
      { scheme: 'tcp', hostPort: 5432, containerPort: 5432 },
      { scheme: 'http', hostPort: 8000, containerPort: 3000 },
    ])
    assert.equal(routesOf(store, settings, []).apps[0]?.defaultPort, 3000)
  })

  test('an app without a web process has no URL, though its ports are kept for one to come', () => {
    live(null)
    store.routes.setPorts(name, [{ scheme: 'http', hostPort: 20000, containerPort: 5000 }])
    assert.deepEqual(urlsOf(store, settings)(store.apps.get(name)), [])
  })

  test('URLs are one for each domain and one for each port, without a port where it is 80', () => {
    assert.deepEqual(urlsOf(store, settings)(app), [])
    live(5000)
    store.setMeta('global-domain', 'board.lan')
    store.routes.setPorts(name, [
      { scheme: 'tcp', hostPort: 5432, containerPort: 5432 },
      { scheme: 'http', hostPort: 20000, containerPort: 5000 },
    ])
    const urls = ['tcp://board.lan:5432', 'http://board.lan:20000']
    assert.deepEqual(urlsOf(store, settings)(store.apps.get(name)), ['http://shop.board.lan:8080', ...urls])
    store.routes.setDomains(name, ['shop.example'])
    const on80 = { ...settings, 'router-http-port': 80 }
    assert.deepEqual(urlsOf(store, on80)(store.apps.get(name)), ['http://shop.example', ...urls])
  })
})
