// The control socket: commands on the machine itself, through the real client and server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { isFailure } from '../../src/core/errors.ts'
import { noLog } from '../../src/core/log.ts'
import { runOnDaemon } from '../../src/receiver/control/client.ts'
import { ControlServer } from '../../src/receiver/control/server.ts'
import type { SessionHandler } from '../../src/receiver/session.ts'

/** The streams of one client; what it reads is in `said`. */
function streams(signal = new AbortController().signal) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const said = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
  stdout.on('data', (chunk: Buffer) => (said.stdout = Buffer.concat([said.stdout, chunk])))
  stderr.on('data', (chunk: Buffer) => (said.stderr = Buffer.concat([said.stderr, chunk])))
  return { stdin, stdout, stderr, terminal: false, signal, said }
}

describe('the control socket', { timeout: 60_000 }, () => {
  let folder: string
  let socket: string
  let server: ControlServer
  let handle: SessionHandler
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crew-control-'))
    socket = join(folder, 'run', 'crew.sock')
    server = new ControlServer({
      paths: { controlSocket: socket },
      handle: (session) => handle(session),
      log: noLog,
    })
    await server.listen()
  })
  afterEach(async () => {
    await server.close(100)
    rmSync(folder, { recursive: true, force: true })
  })

  test('carries words, both outputs and the exit status', async () => {
    handle = async ({ argv, who, terminal, stdout, stderr }) => {
      stdout.write(JSON.stringify({ argv, who, terminal }))
      stderr.write(' !     something\n')
      return 20
    }
    const client = streams()
    assert.equal(await runOnDaemon(socket, ['config:set', 'a b', 'ü\n"'], client), 20)
    assert.deepEqual(JSON.parse(client.said.stdout.toString()), {
      argv: ['config:set', 'a b', 'ü\n"'],
      who: 'local',
      terminal: false,
    })
    assert.equal(client.said.stderr.toString(), ' !     something\n')
  })

  test('carries a long argument and much input and output unharmed', async () => {
    const [long, much] = ['x'.repeat(500_000), randomBytes(5_000_000)]
    handle = async ({ argv, stdin, stdout }) => {
      for await (const chunk of stdin)
        if (!stdout.write(chunk)) await new Promise((resolve) => stdout.once('drain', resolve))
      return argv[0] === long ? 0 : 1
    }
    const client = streams()
    client.stdin.end(much)
    assert.equal(await runOnDaemon(socket, [long], client), 0)
    assert.ok(client.said.stdout.equals(much))
  })

  // One answer in twenty was lost: the daemon hung up while the client was still sending its input, the client's
  // next write failed, and Node threw away the answer that had already come.
  test('an answer that comes before all input was sent is not lost', async () => {
    handle = async ({ stdout }) => {
      stdout.write('an answer')
      return 0
    }
    for (let round = 0; round < 200; round++) {
      const client = streams()
      const asked = runOnDaemon(socket, ['apps:list'], client)
      const sending = setInterval(() => client.stdin.write('input '.repeat(1000)), 0)
      assert.equal(await asked.finally(() => clearInterval(sending)), 0)
      assert.equal(client.said.stdout.toString(), 'an answer')
    }
  })

  test('answers while it is still being written to', async () => {
    handle = async ({ stdin, stdout }) => {
      for await (const line of stdin) {
        stdout.write(`you said ${line}`)
        if (String(line).includes('bye')) return 0
      }
      return 1
    }
    const client = streams()
    const status = runOnDaemon(socket, ['talk'], client)
    client.stdin.write('hello\n')
    await new Promise((resolve) => client.stdout.once('data', resolve))
    assert.equal(client.said.stdout.toString(), 'you said hello\n')
    client.stdin.write('bye\n')
    assert.equal(await status, 0)
  })

  test('tells the command when its client hangs up', async () => {
    const fired = Promise.withResolvers<void>()
    handle = async ({ signal, stdout }) => {
      stdout.write('waiting\n')
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      // nobody listens any more; it must not hang
      for (let line = 0; line < 100_000; line++) stdout.write('x'.repeat(100))
      fired.resolve()
      return 130
    }
    const control = new AbortController()
    const client = streams(control.signal)
    const status = runOnDaemon(socket, ['logs', '-t'], client)
    await new Promise((resolve) => client.stdout.once('data', resolve))
    control.abort()
    assert.equal(await status, 130)
    await fired.promise
  })

  test('answers a command that throws', async () => {
    handle = async () => {
      throw new Error('a bug')
    }
    const client = streams()
    assert.equal(await runOnDaemon(socket, ['x'], client), 1)
    assert.match(client.said.stderr.toString(), /internal error: a bug/)
  })

  test('is open to its owner only', () => {
    assert.equal(statSync(socket).mode & 0o777, 0o600)
    assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700)
  })

  test('replaces the socket of a daemon that was killed, and never that of one that lives', async () => {
    const other = () =>
      new ControlServer({ paths: { controlSocket: socket }, handle: async () => 0, log: noLog })
    await assert.rejects(other().listen(), (error) => isFailure(error, 'port-taken'))
    await server.close(0)
    const killed = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('up'))`,
    ])
    await new Promise((resolve) => killed.stdout.once('data', resolve))
    killed.kill('SIGKILL')
    await new Promise((resolve) => killed.once('close', resolve))
    assert.ok(existsSync(socket))
    const next = other()
    await next.listen()
    assert.equal(await runOnDaemon(socket, ['x'], streams()), 0)
    await next.close(0)
  })

  test('a daemon that is not there, or goes away, is said to be unreachable', async () => {
    const missing = runOnDaemon(join(folder, 'none.sock'), ['x'], streams())
    await assert.rejects(missing, (error) => isFailure(error, 'daemon-unreachable'))
    handle = async ({ stdout }) => {
      stdout.write('begun\n')
      return new Promise(() => {})
    }
    const client = streams()
    const status = runOnDaemon(socket, ['x'], client)
    const lost = assert.rejects(status, (error) => isFailure(error, 'daemon-unreachable'))
    await new Promise((resolve) => client.stdout.once('data', resolve))
    await server.close(0)
    await lost
  })

  test('a root whose socket path would be too long is refused with the reason', async () => {
    const path = join(folder, 'x'.repeat(100), 'run', 'crew.sock')
    const long = new ControlServer({ paths: { controlSocket: path }, handle: async () => 0, log: noLog })
    await assert.rejects(long.listen(), (error) => isFailure(error, 'setting-invalid'))
  })

  test('what is no request is refused, and the next one served', async () => {
    handle = async () => 0
    const ask = (path: string, body: string) =>
      new Promise<number>((resolve, reject) => {
        const asked = request({ socketPath: socket, path, method: 'POST' }, (answer) => {
          answer.resume()
          resolve(answer.statusCode ?? 0)
        })
        asked.on('error', reject).end(body)
      })
    assert.equal(await ask('/run', 'not json\n'), 400)
    assert.equal(await ask('/run', '{"argv":"x","terminal":false}\n'), 400)
    assert.equal(await ask('/run', '{"argv":[]'), 400)
    assert.equal(await ask('/other', ''), 404)
    const garbage = connect(socket)
    garbage.on('error', () => {})
    garbage.end(randomBytes(1000))
    assert.equal(await runOnDaemon(socket, ['x'], streams()), 0)
  })
})
