// The router with a real HAProxy: what clients see while routes change, while things die, and afterwards.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadSettings } from '../../src/config/settings.ts'
import { isFailure } from '../../src/core/errors.ts'
import { freePort } from '../../src/host/net/free-port.ts'
import { renderConfig } from '../../src/host/router/config.ts'
import { filesOf } from '../../src/host/router/files.ts'
import { endOurs, findOurs } from '../../src/host/router/process.ts'
import { reloadTo } from '../../src/host/router/reload.ts'
import { Router } from '../../src/host/router/router.ts'
import type { AppRoutes, RouteServer, Routes } from '../../src/host/router/routes.ts'
import { Runtime } from '../../src/host/router/runtime.ts'
import { topologyOf } from '../../src/host/router/topology.ts'

const HOST = '127.0.0.1'
const signal = AbortSignal.timeout(120_000)

const old: RouteServer = { name: 'web-1-old', address: '127.0.0.2' }
const young: RouteServer = { name: 'web-1-young', address: '127.0.0.3' }

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

interface Ask {
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly agent?: Agent
  readonly headers?: Record<string, string>
  readonly body?: Buffer
}

function ask(port: number, options: Ask = {}): Promise<Answer> {
  const { host = 'one.local', path = '/', method = 'GET', agent, headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const out = request(
      { host: HOST, port, path, method, agent: agent ?? false, headers: { ...headers, host } },
      async (answer) => {
        try {
          let text = ''
          for await (const chunk of answer) text += chunk
          resolve({ status: answer.statusCode ?? 0, body: text, headers: answer.headers })
        } catch (error) {
          reject(error)
        }
      },
    )
    out.on('error', reject)
    out.end(body)
  })
}

/** An app in a container: `/` says its address, `/slow/<ms>` takes that long, an upgrade echoes. */
async function startApp(address: string, port: number): Promise<Server> {
  const server = createServer(async (incoming, outgoing) => {
    const slow = /^\/slow\/(\d+)$/.exec(incoming.url ?? '')
    let size = 0
    for await (const chunk of incoming) size += (chunk as Buffer).length
    if (slow) await sleep(Number(slow[1]))
    if (incoming.url === '/headers') outgoing.end(JSON.stringify(incoming.headers))
    else if (incoming.url === '/size') outgoing.end(String(size))
    else outgoing.end(address)
  })
  server.on('upgrade', (_, socket: Socket) => {
    socket.on('error', () => {})
    // the answer to the sample key of RFC 6455, 1.3
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    )
    socket.pipe(socket)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

/** Asks without pause on `lines` connections at once until told to end. */
function load(port: number, lines: number, keepAlive: boolean) {
  const agent = new Agent({ keepAlive, maxSockets: lines })
  const seen = { answers: 0, failures: [] as string[], bodies: new Set<string>() }
  let over = false
  const line = async () => {
    while (!over) {
      try {
        const { status, body } = await ask(port, { agent, method: seen.answers % 3 === 0 ? 'POST' : 'GET' })
        seen.answers++
        seen.bodies.add(body)
        if (status !== 200) seen.failures.push(`${status} ${body}`)
      } catch (error) {
        seen.failures.push(String(error))
      }
      await sleep(2)
    }
  }
  const all = Promise.all(Array.from({ length: lines }, line))
  return async () => {
    over = true
    await all
    agent.destroy()
    return seen
  }
}

/** A client that upgrades and stays. */
async function openTunnel(port: number) {
  const socket = connect(port, HOST)
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.write(
    'GET / HTTP/1.1\r\nHost: one.local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  const [head] = (await once(socket, 'data')) as [string]
  assert.match(head, /^HTTP\/1.1 101 /)
  return {
    socket,
    echo: async (text: string) => {
      socket.write(text)
      const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [string]
      return answer
    },
  }
}

describe('the router', () => {
  let root: string
  let httpPort: number
  let ownPort: number
  let appPort: number
  let apps: Server[]
  let files: ReturnType<typeof filesOf>
  let runtime: Runtime
  let router: Router
  const logged: string[] = []
  const log = {
    info: (_: object, message: string) => void logged.push(message),
    warn: (_: object, message: string) => void logged.push(message),
  }

  const makeRouter = () => {
    const flags = {
      root,
      'router-http-host': HOST,
      'router-http-port': String(httpPort),
      'router-timeout': '3s',
    }
    return new Router({ settings: loadSettings({ flags, file: '' }), paths: { router: files.folder }, log })
  }

  const routesTo = (servers: readonly RouteServer[], more: Partial<AppRoutes> = {}): Routes => ({
    http: { host: HOST, port: httpPort },
    apps: [{ key: 'app1', domains: ['one.local'], ports: [], defaultPort: appPort, servers, ...more }],
  })

  const withPort = (servers: readonly RouteServer[], scheme: 'http' | 'tcp' = 'http') =>
    routesTo(servers, { ports: [{ scheme, hostPort: ownPort, containerPort: appPort }] })

  const reloads = async () => (await runtime.processes(signal)).master.reloads

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'crew-router-'))
    files = filesOf(join(root, 'router'))
    runtime = new Runtime(files.socket)
    httpPort = await freePort()
    ownPort = await freePort()
    appPort = await freePort()
    apps = await Promise.all([old, young].map(({ address }) => startApp(address, appPort)))
    router = makeRouter()
    await router.start(signal)
  })

  after(async () => {
    await endOurs(files)
    for (const app of apps) app.close()
    rmSync(root, { recursive: true, force: true })
  })

  it('answers 404 and the name it was asked for while it knows no app', async () => {
    const { status, body } = await ask(httpPort, { host: 'nobody.local' })
    assert.equal(status, 404)
    assert.match(body, /No app has the name nobody\.local/)
  })

  it('finds an app by its host name, however that is written', async () => {
    await router.set(routesTo([old]), signal)
    for (const host of ['one.local', 'ONE.Local', `one.local:${httpPort}`, 'one.local.', 'One.local.:80']) {
      assert.equal((await ask(httpPort, { host })).body, old.address, host)
    }
    for (const host of ['two.local', 'one.local.evil', '[::1]', '[::1]:80', '127.0.0.1', '']) {
      assert.equal((await ask(httpPort, { host })).status, 404, host)
    }
  })

  it('says itself who the client is, whatever the client says', async () => {
    const lies = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', forwarded: 'for=6.6.6.6' }
    const { body } = await ask(httpPort, { path: '/headers', headers: lies })
    const headers = JSON.parse(body) as Record<string, string>
    assert.equal(headers['x-forwarded-for'], HOST)
    assert.equal(headers['x-forwarded-proto'], 'http')
    assert.equal(headers['x-forwarded-port'], String(httpPort))
    assert.equal(headers.forwarded, undefined)
    assert.equal(headers.host, 'one.local')
  })

  it('passes on large headers and large bodies', async () => {
    const cookie = 'c'.repeat(12_000)
    const { body } = await ask(httpPort, { path: '/headers', headers: { cookie } })
    assert.equal((JSON.parse(body) as Record<string, string>).cookie, cookie)
    const size = 20 * 2 ** 20
    const sent = await ask(httpPort, { path: '/size', method: 'POST', body: Buffer.alloc(size) })
    assert.equal(sent.body, String(size))
  })

  it('answers 503 with a plain sentence for an app that has no container', async () => {
    await router.set(routesTo([]), signal)
    const { status, body, headers } = await ask(httpPort)
    assert.equal(status, 503)
    assert.equal(body, 'The app is not running.\n')
    assert.equal(headers['content-type'], 'text/plain')
  })

  it('gives an app a port of its own for HTTP and then for plain TCP', async () => {
    assert.deepEqual(await router.set(withPort([old]), signal), { reloaded: true })
    assert.equal((await ask(ownPort, { host: 'whatever' })).body, old.address)
    assert.deepEqual(await router.set(withPort([old], 'tcp'), signal), { reloaded: true })
    const { body } = await ask(ownPort, { path: '/headers' })
    assert.equal(
      (JSON.parse(body) as Record<string, string>)['x-forwarded-for'],
      undefined,
      'bytes as they are',
    )
    await router.set(routesTo([old]), signal)
    await assert.rejects(ask(ownPort), /ECONNREFUSED/)
  })

  it('reloads for listeners and apps, and for nothing else', async () => {
    await router.set(routesTo([old]), signal)
    const start = await reloads()
    const same = [
      routesTo([old]),
      routesTo([old, young]),
      routesTo([young]),
      routesTo([young], { domains: ['one.local', 'more.local'] }),
      routesTo([young], { domains: ['more.local'] }),
      routesTo([]),
      routesTo([old], { defaultPort: appPort === 65535 ? 65534 : appPort + 1 }),
      routesTo([old]),
    ]
    for (const routes of same) assert.deepEqual(await router.set(routes, signal), { reloaded: false })
    assert.equal(await reloads(), start)
    assert.equal((await ask(httpPort)).body, old.address)
    assert.equal((await ask(httpPort, { host: 'more.local' })).status, 404)
    assert.deepEqual(await router.set(withPort([old]), signal), { reloaded: true })
    assert.deepEqual(await router.set(routesTo([old]), signal), { reloaded: true })
    assert.equal(await reloads(), start + 2)
  })

  it('moves a host name from one app to another without a reload', async () => {
    const two = { key: 'app2', ports: [], defaultPort: appPort, servers: [young] }
    const routes = (one: string[], other: string[]): Routes => {
      const base = routesTo([old], { domains: one })
      return { ...base, apps: [...base.apps, { ...two, domains: other }] }
    }
    await router.set(routes(['one.local'], []), signal)
    assert.equal((await ask(httpPort)).body, old.address)
    assert.deepEqual(await router.set(routes([], ['one.local']), signal), { reloaded: false })
    assert.equal((await ask(httpPort)).body, young.address)
    await router.set(routesTo([old]), signal)
  })

  for (const keepAlive of [true, false]) {
    it(`loses no request in swaps under load, ${keepAlive ? 'with' : 'without'} keep-alive`, async () => {
      await router.set(routesTo([old]), signal)
      const start = await reloads()
      const end = load(httpPort, 6, keepAlive)
      await sleep(100)
      for (const [next, last] of [
        [young, old],
        [old, young],
        [young, old],
        [old, young],
      ] as const) {
        await router.set(routesTo([next]), signal)
        assert.deepEqual(await router.drain([last.name], 5_000, signal), { cut: 0 })
        await sleep(50)
      }
      const { answers, failures, bodies } = await end()
      assert.deepEqual(failures, [])
      assert.ok(answers > 300, `${answers} answers`)
      assert.deepEqual([...bodies].sort(), [old.address, young.address])
      assert.equal(await reloads(), start)
      assert.deepEqual(
        (await runtime.servers((await runtime.processes(signal)).current ?? 0, signal)).map((s) => s.name),
        [old.name],
        'nothing of the drained server is left',
      )
    })

    it(`loses no request in reloads under load, ${keepAlive ? 'with' : 'without'} keep-alive`, async () => {
      await router.set(routesTo([old]), signal)
      const end = load(httpPort, 6, keepAlive)
      await sleep(100)
      for (const [next, last] of [
        [young, old],
        [old, young],
      ] as const) {
        assert.deepEqual(await router.set(withPort([next]), signal), { reloaded: true })
        await router.drain([last.name], 5_000, signal)
        await sleep(100)
        assert.deepEqual(await router.set(routesTo([next]), signal), { reloaded: true })
        await sleep(100)
      }
      const { answers, failures } = await end()
      assert.deepEqual(failures, [])
      assert.ok(answers > 300, `${answers} answers`)
    })
  }

  it('lets a slow request finish on the drained server while new ones go to the new server', async () => {
    await router.set(routesTo([old]), signal)
    const slow = ask(httpPort, { path: '/slow/700' })
    await sleep(100)
    await router.set(routesTo([young]), signal)
    const drained = router.drain([old.name], 10_000, signal)
    assert.equal((await ask(httpPort)).body, young.address)
    assert.equal((await slow).body, old.address)
    assert.deepEqual(await drained, { cut: 0 })
  })

  it('cuts what is still open after the time to drain', async () => {
    await router.set(routesTo([old]), signal)
    const slow = ask(httpPort, { path: '/slow/5000' }).catch((error: Error) => error)
    const tunnel = await openTunnel(httpPort)
    await router.set(routesTo([young]), signal)
    assert.equal(await tunnel.echo('still'), 'still')
    const closed = once(tunnel.socket, 'close')
    assert.deepEqual(await router.drain([old.name], 200, signal), { cut: 2 })
    await closed
    const answer = await slow
    assert.ok(answer instanceof Error || answer.status >= 500)
    assert.equal((await ask(httpPort)).body, young.address)
  })

  it('keeps a WebSocket through a reload, and drains it where it is: in the old worker', async () => {
    await router.set(routesTo([old]), signal)
    const tunnel = await openTunnel(httpPort)
    await router.set(withPort([young]), signal)
    assert.equal(await tunnel.echo('here'), 'here')
    assert.equal((await runtime.processes(signal)).old.length, 1)
    const closed = once(tunnel.socket, 'close')
    assert.deepEqual(await router.drain([old.name], 200, signal), { cut: 1 })
    await closed
    await router.set(routesTo([young]), signal)
  })

  it('keeps a drained server for clients that were idle through a reload, until they have asked', async () => {
    await router.set(routesTo([old]), signal)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    assert.equal((await ask(httpPort, { agent })).body, old.address)
    await router.set(withPort([old]), signal)
    await router.set(withPort([young]), signal)
    let drained = false
    const draining = router.drain([old.name], 10_000, signal).then((result) => {
      drained = true
      return result
    })
    await sleep(300)
    assert.equal((await ask(httpPort)).body, young.address)
    assert.equal(drained, false, 'the worker of before the reload knows only the old server')
    assert.equal((await ask(httpPort, { agent })).body, old.address)
    assert.deepEqual(await draining, { cut: 0 })
    assert.equal((await ask(httpPort, { agent })).body, young.address)
    agent.destroy()
    await router.set(routesTo([old]), signal)
  })

  it('does not wait for a client that stays idle longer than its connection is kept', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    assert.equal((await ask(httpPort, { agent })).body, old.address)
    await router.set(withPort([old]), signal)
    await router.set(withPort([young]), signal)
    const start = Date.now()
    assert.deepEqual(await router.drain([old.name], 30_000, signal), { cut: 0 })
    assert.ok(Date.now() - start < 5_000, `${Date.now() - start} ms`)
    agent.destroy()
    await router.set(routesTo([old]), signal)
  })

  it('tries another container when one does not take the connection', async () => {
    const dead = { name: 'web-1-dead', address: '127.0.0.9' }
    await router.set(routesTo([dead, young]), signal)
    for (let i = 0; i < 8; i++) assert.equal((await ask(httpPort, { method: 'POST' })).body, young.address)
    await router.set(routesTo([old]), signal)
    await router.drain([dead.name, young.name], 1_000, signal)
  })

  it('is adopted by the next daemon with no reload', async () => {
    await router.set(withPort([old]), signal)
    const { pid } = await router.status()
    const start = await reloads()
    const next = makeRouter()
    await next.start(signal)
    assert.deepEqual(await next.set(withPort([old]), signal), { reloaded: false })
    assert.deepEqual(await next.set(withPort([young]), signal), { reloaded: false })
    await next.drain([old.name], 1_000, signal)
    assert.equal((await next.status()).pid, pid)
    assert.equal(await reloads(), start)
    await next.set(routesTo([old]), signal)
  })

  for (const victim of ['master', 'worker'] as const) {
    it(`comes back with its routes after kill -9 of the ${victim}`, async () => {
      await router.set(withPort([old]), signal)
      const { master, current } = await runtime.processes(signal)
      process.kill(victim === 'master' ? master.pid : (current ?? 0), 'SIGKILL')
      await sleep(50)
      await router.start(signal)
      assert.equal((await ask(httpPort)).body, old.address)
      assert.equal((await ask(ownPort)).body, old.address)
      assert.equal((await findOurs(files)).length, 2)
    })
  }

  it('is started again by set', async () => {
    await endOurs(files)
    assert.deepEqual(await router.set(routesTo([young]), signal), { reloaded: true })
    assert.equal((await ask(httpPort)).body, young.address)
  })

  it('starts with no routes when the kept ones were torn, and says so', async () => {
    await endOurs(files)
    writeFileSync(files.routes, '{"http":{"ho')
    await router.start(signal)
    assert.equal((await ask(httpPort)).status, 404)
    assert.ok(logged.some((message) => message.includes('cannot be read')))
    await router.set(routesTo([old]), signal)
    assert.equal((await ask(httpPort)).body, old.address)
  })

  it('survives a kill -9 of the daemon that started it', async () => {
    await endOurs(files)
    const module = new URL('../../src/host/router/router.ts', import.meta.url).href
    const settings = new URL('../../src/config/settings.ts', import.meta.url).href
    const script = `
      import { Router } from ${JSON.stringify(module)}
      import { loadSettings } from ${JSON.stringify(settings)}
      const flags = ${JSON.stringify({ root, 'router-http-host': HOST, 'router-http-port': String(httpPort), 'router-timeout': '3s' })}
      const log = { info() {}, warn() {} }
      const paths = { router: ${JSON.stringify(files.folder)} }
      const router = new Router({ settings: loadSettings({ flags, file: '' }), paths, log })
      await router.set(${JSON.stringify(routesTo([old]))}, AbortSignal.timeout(20000))
      console.log('ready')
      setInterval(() => {}, 1000)`
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(daemon.stdout, 'data')
    const end = load(httpPort, 4, true)
    daemon.kill('SIGKILL')
    await once(daemon, 'exit')
    await sleep(200)
    const { answers, failures } = await end()
    assert.deepEqual(failures, [])
    assert.ok(answers > 20)
    assert.deepEqual(await router.set(routesTo([old]), signal), { reloaded: false })
  })

  it('refuses a port that another program has, names that one, and stays as it was', async () => {
    await router.set(routesTo([old]), signal)
    const stranger = createTcpServer().listen(ownPort, HOST)
    await once(stranger, 'listening')
    const file = readFileSync(files.config, 'utf8')
    const start = await reloads()
    await assert.rejects(router.set(withPort([young]), signal, withPort([]).apps[0]?.key), (error) => {
      assert.ok(isFailure(error, 'port-taken'))
      assert.match(error.message, new RegExp(`port ${ownPort} is in use by .*\\(pid ${process.pid}\\)`))
      return true
    })
    assert.equal(readFileSync(files.config, 'utf8'), file)
    assert.equal(await reloads(), start)
    assert.equal((await ask(httpPort)).body, old.address)
    stranger.close()
    await once(stranger, 'close')
    assert.deepEqual(await router.set(withPort([young]), signal), { reloaded: true })
    await router.set(routesTo([old]), signal)
  })

  it('serves everything else when a port of an app is taken, and that port once it is free', async () => {
    await router.set(withPort([old]), signal)
    await router.stop(signal)
    const stranger = createTcpServer().listen(ownPort, HOST)
    await once(stranger, 'listening')
    await router.start(signal)
    assert.equal((await ask(httpPort)).body, old.address)
    assert.deepEqual(await router.set(withPort([young]), signal), { reloaded: false })
    assert.equal((await ask(httpPort)).body, young.address)
    stranger.close()
    await once(stranger, 'close')
    assert.deepEqual(await router.set(withPort([young]), signal), { reloaded: true })
    assert.equal((await ask(ownPort)).body, young.address)
    await router.set(routesTo([old]), signal)
  })

  it('is as it was after a reload that HAProxy could not finish', async () => {
    await router.set(routesTo([old]), signal)
    const stranger = createTcpServer().listen(ownPort, HOST)
    await once(stranger, 'listening')
    const file = readFileSync(files.config, 'utf8')
    const good = renderConfig(topologyOf(routesTo([young])), {
      timeout: 3_000,
      hardStop: 60_000,
      threads: 1,
      user: null,
    })
    // somebody takes the port after it was found free
    const late = { ...good, text: `${good.text}\nfrontend late\n  bind ${HOST}:${ownPort}\n` }
    const { current } = await runtime.processes(signal)
    await assert.rejects(reloadTo(late, files, runtime, current ?? 0, signal), /Address already in use/)
    assert.equal(readFileSync(files.config, 'utf8'), file)
    assert.equal((await ask(httpPort)).body, old.address)
    assert.deepEqual(await router.set(routesTo([young]), signal), { reloaded: false })
    assert.equal((await ask(httpPort)).body, young.address)
    stranger.close()
    await once(stranger, 'close')
    assert.deepEqual(await router.set(withPort([old]), signal), { reloaded: true })
    assert.equal((await ask(ownPort)).body, old.address)
    await router.set(routesTo([old]), signal)
  })

  it('refuses to start when its port is taken, and leaves nothing running', async () => {
    await router.stop(signal)
    const stranger = createTcpServer().listen(httpPort, HOST)
    await once(stranger, 'listening')
    await assert.rejects(router.start(signal), (error) => isFailure(error, 'port-taken'))
    assert.deepEqual(await findOurs(files), [])
    stranger.close()
    await once(stranger, 'close')
    await router.start(signal)
    assert.equal((await ask(httpPort)).body, old.address)
  })

  it('touches no program that is not its HAProxy, even one on its socket', async () => {
    await router.stop(signal)
    const stranger = createTcpServer((socket) => {
      socket.resume()
      socket.end(
        `${process.pid} master 0 [failed: 0] 0d00h00m01s 9.9\n# workers\n${process.pid} worker 0 x 9.9\n`,
      )
    }).listen(files.socket)
    await once(stranger, 'listening')
    await assert.rejects(router.start(signal), /another program/)
    assert.equal((await router.status()).running, false)
    stranger.close()
    await once(stranger, 'close')
    await router.start(signal)
    assert.equal((await router.status()).running, true)
  })

  it('refuses a name that would carry a line into its file', async () => {
    const file = readFileSync(files.config, 'utf8')
    const hostile = routesTo([{ name: 'a\n  server evil 10.0.0.1:80', address: '127.0.0.2' }])
    await assert.rejects(router.set(hostile, signal), (error) => isFailure(error, 'router-failed'))
    assert.equal(readFileSync(files.config, 'utf8'), file)
  })

  it('stops without a process left over', async () => {
    await router.set(routesTo([old]), signal)
    const tunnel = await openTunnel(httpPort)
    await router.set(withPort([old]), signal)
    assert.equal((await findOurs(files)).length, 3, 'master, worker, and an old worker with the tunnel')
    await router.stop(signal)
    tunnel.socket.destroy()
    assert.deepEqual(await findOurs(files), [])
    assert.deepEqual(await router.status(), { running: false, pid: null, version: null })
    await router.stop(signal)
  })
})
