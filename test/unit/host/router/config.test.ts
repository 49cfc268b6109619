import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type ConfigOptions, keepAliveOf, renderConfig } from '../../../../src/host/router/config.ts'
import type { Routes } from '../../../../src/host/router/routes.ts'
import { topologyOf } from '../../../../src/host/router/topology.ts'
import { routes } from './routes.ts'

const options: ConfigOptions = { timeout: 60_000, hardStop: 3_600_000, threads: 2, user: 'haproxy' }
const render = (wanted: Routes, more: Partial<ConfigOptions> = {}) =>
  renderConfig(topologyOf(wanted), { ...options, ...more })

/** Compares with a file beside this one; CREW_UPDATE_GOLDEN=1 writes it. */
function assertGolden(name: string, text: string): void {
  const file = new URL(`golden/${name}`, import.meta.url)
  if (process.env.CREW_UPDATE_GOLDEN === '1') writeFileSync(file, text)
  assert.equal(text, readFileSync(file, 'utf8'))
}

describe('the configuration of HAProxy', () => {
  it('is the golden file for two apps', () => {
    const { text, map } = render(routes)
    assertGolden('haproxy.cfg', text)
    assertGolden('hosts.map', map)
  })

  it('has the same fingerprint whatever the servers, host names and ports of containers are', () => {
    const [one, two] = routes.apps
    assert.ok(one && two)
    const other: Routes = {
      ...routes,
      apps: [{ ...one, servers: [], domains: ['other.example.org'], defaultPort: 80 }, two],
    }
    assert.equal(render(other).fingerprint, render(routes).fingerprint)
  })

  it('has another fingerprint for another listener, app, address or setting', () => {
    const [one, two] = routes.apps
    assert.ok(one && two)
    const all = [
      render(routes),
      render({ ...routes, apps: [one] }),
      render({ ...routes, apps: [{ ...one, ports: [] }, two] }),
      render({ ...routes, http: { host: '127.0.0.1', port: 8080 } }),
      render(routes, { timeout: 1000 }),
      render(routes, { user: null }),
    ]
    assert.equal(new Set(all.map(({ fingerprint }) => fingerprint)).size, all.length)
  })

  it('writes an IPv6 address in brackets', () => {
    assert.match(render({ http: { host: '::', port: 80 }, apps: [] }).text, /^ {2}bind \[::\]:80$/m)
  })

  it('keeps an idle client no longer than any silence', () => {
    assert.equal(keepAliveOf(60_000), 20_000)
    assert.equal(keepAliveOf(3_000), 3_000)
  })
})
