// The SSH server against the machine's own ssh, ssh-audit and hostile sockets.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import ssh2 from 'ssh2'
import { loadSettings } from '../../src/config/settings.ts'
import { isFailure } from '../../src/core/errors.ts'
import { noLog } from '../../src/core/log.ts'
import type { SessionHandler } from '../../src/receiver/session.ts'
import { loadHostKey } from '../../src/receiver/ssh/host-key.ts'
import { SshServer } from '../../src/receiver/ssh/server.ts'
import { eventually, execute } from './harness/execute.ts'
import { SshReceiver } from './harness/ssh-receiver.ts'

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  return socket
}

/** A client that can do what OpenSSH's would not. */
async function client(receiver: SshReceiver): Promise<ssh2.Client> {
  const privateKey = readFileSync(join(receiver.folder, 'tester'))
  const made = new ssh2.Client()
  await new Promise<void>((resolve, reject) => {
    made.once('ready', resolve).once('error', reject)
    made.connect({ host: '127.0.0.1', port: receiver.port, username: 'crew', privateKey })
  })
  made.on('error', () => {})
  return made
}

/** An exec of that client. Listens at once: an answer may come with the confirmation. */
const channel = (from: ssh2.Client, line: string) =>
  new Promise<{ stream: ssh2.ClientChannel; said: () => string; exit: Promise<unknown> }>((resolve, reject) =>
    from.exec(line, (error, stream) => {
      if (error) return reject(error)
      let text = ''
      for (const part of [stream, stream.stderr]) part.on('data', (chunk: Buffer) => (text += chunk))
      const exit = new Promise((tell) =>
        stream.once('exit', (status: unknown) => stream.once('close', () => tell(status))),
      )
      resolve({ stream, said: () => text, exit })
    }),
  )

/** Waits for its signal, as `logs -t` does. */
const untilCalledOff: SessionHandler = async ({ stdout, signal }) => {
  stdout.write('waiting\n')
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  return 130
}

describe('a command over SSH', { timeout: 120_000 }, () => {
  let receiver: SshReceiver
  let commands: SessionHandler
  before(async () => {
    receiver = await SshReceiver.start({ commands: (session) => commands(session) })
  })
  after(() => receiver[Symbol.asyncDispose]())
  const echo: SessionHandler = async ({ argv, stdout }) => {
    stdout.write(JSON.stringify(argv))
    return 0
  }

  test('reaches its handler as words, and nothing in it is run', async () => {
    commands = echo
    for (const [line, words] of [
      ['apps:create ../../x', ['apps:create', '../../x']],
      ['apps:create a;id', ['apps:create', 'a;id']],
      ['apps:create -rf', ['apps:create', '-rf']],
      ['apps:create $(id) `id`', ['apps:create', '$(id)', '`id`']],
      [`config:set app "KEY=two words" 'B=$C'`, ['config:set', 'app', 'KEY=two words', 'B=$C']],
      ['größe \u{1f600}', ['größe', '\u{1f600}']],
      [`x ${'a'.repeat(300)}`, ['x', 'a'.repeat(300)]],
    ] as const) {
      const { status, stdout } = await receiver.ssh(line)
      assert.deepEqual([status, JSON.parse(stdout)], [0, words])
    }
  })

  test('that is empty, or a shell, has no words', async () => {
    commands = echo
    assert.equal((await receiver.ssh('')).stdout, '[]')
    assert.equal((await receiver.ssh('   ')).stdout, '[]')
  })

  test('with a line that cannot be read ends with 2 and says why', async () => {
    commands = echo
    for (const line of [`'open`, 'a "b', 'a\\']) {
      const { status, stdout, stderr } = await receiver.ssh(line)
      assert.deepEqual([status, stdout], [2, ''])
      assert.match(stderr, /cannot be read/)
    }
    const connection = await client(receiver)
    const { said, exit } = await channel(connection, 'apps:list a\0b')
    assert.equal(await exit, 2)
    assert.match(said(), /control character/)
    connection.end()
  })

  test('of a megabyte ends that connection and no other', async () => {
    commands = echo
    const connection = await client(receiver)
    const over = new Promise<void>((resolve) => connection.once('close', () => resolve()))
    connection.exec('x'.repeat(2 ** 20), () => {})
    await over
    assert.equal((await receiver.ssh('after')).stdout, '["after"]')
  })

  test('has its exit status, and stdout apart from stderr, whole and in order', async () => {
    const [out, err] = [randomBytes(6 * 2 ** 20), randomBytes(3 * 2 ** 20)]
    commands = async ({ stdout, stderr }) => {
      for (let at = 0; at < out.length; at += 70_000) {
        stdout.write(out.subarray(at, at + 70_000))
        stderr.write(err.subarray(at / 2, at / 2 + 35_000))
      }
      return 7
    }
    const started = receiver.start('ssh', [
      ...receiver.sshOptions(),
      '-p',
      String(receiver.port),
      'crew@127.0.0.1',
      'big',
    ])
    const seen = [createHash('sha256'), createHash('sha256')]
    // both windows fill up before anything is read
    await sleep(300)
    started.stdout?.on('data', (chunk: Buffer) => seen[0]?.update(chunk))
    started.stderr?.on('data', (chunk: Buffer) => seen[1]?.update(chunk))
    await new Promise((resolve) => started.once('close', resolve))
    assert.equal(started.exitCode, 7)
    assert.deepEqual(
      seen.map((hash) => hash.digest('hex')),
      [out, err].map((bytes) => createHash('sha256').update(bytes).digest('hex')),
    )
  })

  test('reads what is sent to it', async () => {
    commands = async ({ stdin, stdout }) => {
      let length = 0
      for await (const chunk of stdin) length += (chunk as Buffer).length
      stdout.write(String(length))
      return 0
    }
    assert.equal((await receiver.ssh('count', { input: 'x'.repeat(5_000_000) })).stdout, '5000000')
  })

  test('is called off by a signal, by Ctrl-C at a terminal, and by leaving', async () => {
    const ends: string[] = []
    commands = async (session) => {
      const status = await untilCalledOff(session)
      ends.push(session.argv[0] ?? '')
      return status
    }
    const connection = await client(receiver)
    const { stream, said, exit } = await channel(connection, 'by-signal')
    await eventually('the command to begin', async () => said() !== '')
    stream.signal('INT')
    assert.equal(await exit, 130)
    connection.end()

    const options = [...receiver.sshOptions(), '-p', String(receiver.port), 'crew@127.0.0.1']
    const typing = receiver.start('ssh', ['-tt', ...options, 'by-key'])
    const output = await new Promise<string>((resolve) =>
      typing.stdout?.once('data', (chunk) => resolve(String(chunk))),
    )
    assert.equal(output, 'waiting\r\n')
    typing.stdin?.write('\u0003')
    await new Promise((resolve) => typing.once('close', resolve))
    assert.equal(typing.exitCode, 130)

    const leaving = receiver.start('ssh', [...options, 'by-leaving'])
    await new Promise((resolve) => leaving.stdout?.once('data', resolve))
    process.kill(-(leaving.pid ?? 0), 'SIGKILL')
    await eventually('the command to end', async () => ends.length === 3)
    assert.deepEqual(ends, ['by-signal', 'by-key', 'by-leaving'])
  })

  test('that throws is answered all the same', async () => {
    commands = async () => {
      throw new Error('a bug')
    }
    const { status, stderr } = await receiver.ssh('x')
    assert.equal(status, 1)
    assert.match(stderr, /internal error: a bug/)
  })

  test('is all there is: no forwarding, no subsystem, no agent, no X11', async () => {
    commands = echo
    const forward = await receiver.ssh('', { options: ['-W', '127.0.0.1:1'] })
    assert.notEqual(forward.status, 0)
    assert.match(forward.stderr, /administratively prohibited|stdio forwarding failed/)
    const remote = await receiver.ssh('x', {
      options: ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:1'],
    })
    assert.notEqual(remote.status, 0)
    const sftp = await receiver.ssh('sftp', { options: ['-s'] })
    assert.notEqual(sftp.status, 0)
    assert.match(sftp.stderr, /subsystem request failed/)
  })
})

describe('a server in front of it', { timeout: 60_000 }, () => {
  let receiver: SshReceiver
  let known: string
  before(async () => {
    const commands: SessionHandler = async ({ who, argv, stdout }) => {
      stdout.write(`${who} ${JSON.stringify(argv)}\n`)
      return 7
    }
    receiver = await SshReceiver.start({ front: true, commands })
    const { stdout } = await execute('ssh-keygen', ['-l', '-f', join(receiver.folder, 'tester.pub')])
    known = stdout.split(' ')[1] ?? ''
  })
  after(() => receiver[Symbol.asyncDispose]())
  const asks = (claimed: string | undefined, key = 'front') =>
    receiver.ssh("x 'a  b'", {
      key,
      options: claimed === undefined ? [] : ['-o', `SetEnv=CREW_KEY=${claimed}`],
    })

  test('says for whom a session is, and everything else passes through', async () => {
    const { status, stdout } = await asks(known)
    assert.deepEqual([status, stdout], [7, 'tester ["x","a  b"]\n'])
  })

  test('does nothing for a key that is not registered, nor for nobody', async () => {
    for (const claimed of [
      undefined,
      'tester',
      'SHA256:',
      `${known.slice(0, -1)}!`,
      `SHA256:${'A'.repeat(43)}`,
    ]) {
      const { status, stdout, stderr } = await asks(claimed)
      assert.deepEqual([status, stdout], [1, ''], claimed)
      assert.match(stderr, /is not registered with Crew/)
    }
  })

  test('is nobody else: a registered key that claims another is itself', async () => {
    const { stdout } = await asks(`SHA256:${'A'.repeat(43)}`, 'tester')
    assert.match(stdout, /^tester /)
    assert.equal((await asks(known, 'stranger')).status, 255)
  })

  test('is not known without the setting', async () => {
    await using plain = await SshReceiver.start()
    assert.equal(
      (await plain.ssh('x', { key: 'front', options: ['-o', `SetEnv=CREW_KEY=${known}`] })).status,
      255,
    )
  })
})

describe('who may log in', { timeout: 120_000 }, () => {
  let receiver: SshReceiver
  before(async () => {
    receiver = await SshReceiver.start({ settings: { 'ssh-max-tries': '3' } })
  })
  after(() => receiver[Symbol.asyncDispose]())

  test('a registered key, under any of the user names; no other key and no other name', async () => {
    for (const user of ['crew', 'git', 'dokku'])
      assert.equal((await receiver.ssh('x', { options: ['-l', user] })).status, 0)
    const stranger = await receiver.ssh('x', { key: 'stranger' })
    assert.equal(stranger.status, 255)
    assert.match(stranger.stderr, /Permission denied \(publickey\)/)
    const other = await execute('ssh', [
      ...receiver.sshOptions(),
      '-p',
      String(receiver.port),
      'root@127.0.0.1',
      'x',
    ])
    assert.equal(other.status, 255)
  })

  test('a refused key is logged with its fingerprint, for its owner to register', async () => {
    const { stdout } = await execute('ssh-keygen', ['-l', '-f', join(receiver.folder, 'stranger.pub')])
    const fingerprint = stdout.split(' ')[1] ?? 'none'
    assert.ok(
      receiver.log.some((line) => line.startsWith('info SSH key refused') && line.includes(fingerprint)),
    )
  })

  test('no password is asked for', async () => {
    const { status, stderr } = await receiver.ssh('x', {
      key: 'stranger',
      options: [
        '-o',
        'PreferredAuthentications=password,keyboard-interactive',
        '-o',
        'BatchMode=no',
        '-o',
        'NumberOfPasswordPrompts=1',
      ],
    })
    assert.equal(status, 255)
    assert.match(stderr, /Permission denied \(publickey\)/)
  })

  test('not somebody who has a registered key only by its public half', async () => {
    const connection = new ssh2.Client()
    const stolen = ssh2.utils.parseKey(readFileSync(join(receiver.folder, 'tester.pub')))
    const own = ssh2.utils.parseKey(readFileSync(join(receiver.folder, 'stranger')))
    if (stolen instanceof Error || own instanceof Error) throw new Error('a key cannot be read')
    // claims one key and signs with another
    const agent = new (class extends ssh2.BaseAgent<ssh2.ParsedKey> {
      getIdentities(done: (error: Error | undefined, keys: ssh2.ParsedKey[]) => void) {
        done(undefined, [stolen])
      }
      sign(
        _key: unknown,
        data: Buffer,
        options: unknown,
        done?: (error: Error | undefined, signature: Buffer) => void,
      ) {
        const tell = typeof options === 'function' ? (options as NonNullable<typeof done>) : done
        tell?.(undefined, own.sign(data))
      }
    })()
    const refused = await new Promise<string>((resolve) => {
      connection.once('error', (error) => resolve(error.message)).once('ready', () => resolve('let in'))
      connection.connect({ host: '127.0.0.1', port: receiver.port, username: 'crew', agent })
    })
    connection.end()
    assert.match(refused, /authentication/)
    assert.ok(receiver.log.some((line) => line.includes('the signature is wrong')))
  })

  test('not somebody who tries too many keys, even if the last one is right', async () => {
    const names = ['one', 'two', 'three']
    for (const name of names)
      await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(receiver.folder, name)])
    const identities = names.flatMap((name) => ['-i', join(receiver.folder, name)])
    const all = await receiver.ssh('x', {
      key: 'stranger',
      options: [...identities, '-i', join(receiver.folder, 'tester')],
    })
    assert.equal(all.status, 255)
    const few = await receiver.ssh('x', { key: 'stranger', options: ['-i', join(receiver.folder, 'tester')] })
    assert.equal(few.status, 0)
  })
})

describe('the limits', { timeout: 120_000 }, () => {
  test('a connection that does not log in in time is closed, silent or half way', async () => {
    await using receiver = await SshReceiver.start({ settings: { 'ssh-login-grace': '300ms' } })
    const silent = dial(receiver.port)
    const half = dial(receiver.port)
    half.write('SSH-2.0-half\r\n')
    const started = performance.now()
    await Promise.all([closed(silent), closed(half)])
    assert.ok(performance.now() - started > 250)
    assert.equal((await receiver.ssh('x')).status, 0)
  })

  test('a client that has logged in may stay longer than that', async () => {
    await using receiver = await SshReceiver.start({
      settings: { 'ssh-login-grace': '1s' },
      commands: async ({ stdout }) => {
        await sleep(1500)
        stdout.write('done')
        return 0
      },
    })
    assert.equal((await receiver.ssh('x')).stdout, 'done')
  })

  test('only so many that have not logged in are connected at once; the others count no longer', async () => {
    await using receiver = await SshReceiver.start({
      settings: { 'ssh-max-startups': '2' },
      commands: untilCalledOff,
    })
    const inside = receiver.start('ssh', [
      ...receiver.sshOptions(),
      '-p',
      String(receiver.port),
      'crew@127.0.0.1',
      'x',
    ])
    await new Promise((resolve) => inside.stdout?.once('data', resolve))
    const [first, second] = [dial(receiver.port), dial(receiver.port)]
    await sleep(100)
    const third = dial(receiver.port)
    await closed(third)
    assert.equal((await receiver.ssh('x')).status, 255)
    assert.equal(first.closed, false)
    first.destroy()
    await sleep(100)
    const fourth = dial(receiver.port)
    await sleep(100)
    assert.equal(fourth.closed, false)
    for (const socket of [second, fourth]) socket.destroy()
  })

  test('only so many sessions are open at once on one connection', async () => {
    await using receiver = await SshReceiver.start({
      settings: { 'ssh-max-sessions': '2' },
      commands: untilCalledOff,
    })
    const connection = await client(receiver)
    const [first] = await Promise.all([channel(connection, 'a'), channel(connection, 'b')])
    await assert.rejects(channel(connection, 'c'), /open failure/)
    first?.stream.signal('TERM')
    await first?.exit
    await eventually('a place for a session', () =>
      channel(connection, 'd').then(
        () => true,
        () => false,
      ),
    )
    connection.end()
  })

  test('a client that no longer answers counts as gone', async () => {
    const gone = Promise.withResolvers<void>()
    await using receiver = await SshReceiver.start({
      settings: { 'ssh-keepalive-interval': '200ms', 'ssh-keepalive-count': '2' },
      commands: async (session) => {
        await untilCalledOff(session)
        gone.resolve()
        return 0
      },
    })
    const stopped = receiver.start('ssh', [
      ...receiver.sshOptions(),
      '-p',
      String(receiver.port),
      'crew@127.0.0.1',
      'x',
    ])
    await new Promise((resolve) => stopped.stdout?.once('data', resolve))
    await sleep(1000)
    assert.equal(stopped.exitCode, null)
    process.kill(stopped.pid ?? 0, 'SIGSTOP')
    await gone.promise
  })
})

describe('the server', { timeout: 120_000 }, () => {
  test('gives ssh-audit nothing to fail or to warn about', async () => {
    await using receiver = await SshReceiver.start()
    const { stdout } = await execute('ssh-audit', ['-n', '-p', String(receiver.port), '127.0.0.1'])
    assert.match(stdout, /curve25519-sha256/)
    assert.match(stdout, /software: Crew_|banner: SSH-2.0-Crew_/)
    // not an algorithm but the mark of a protection (against Terrapin) that Debian 12's ssh-audit does not know yet
    const lines = stdout.split('\n').filter((line) => !line.includes('kex-strict-s-v00@openssh.com'))
    assert.deepEqual(
      lines.filter((line) => /\[(fail|warn)\]/.test(line)),
      [],
    )
  })

  test('outlives garbage, endless banners and broken handshakes', async () => {
    await using receiver = await SshReceiver.start({ settings: { 'ssh-max-startups': '100' } })
    const greeting = 'SSH-2.0-fuzz\r\n'
    const hostile: (string | Buffer)[] = [
      ...Array.from({ length: 20 }, () => randomBytes(2000)),
      ...Array.from({ length: 20 }, () => Buffer.concat([Buffer.from(greeting), randomBytes(2000)])),
      'x'.repeat(200_000),
      'line\r\n'.repeat(50_000),
      'SSH-1.0-old\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      `SSH-2.0-${'x'.repeat(100_000)}\r\n`,
      Buffer.concat([Buffer.from(greeting), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
      Buffer.concat([Buffer.from(greeting), Buffer.from([0, 0, 0, 12, 10, 20]), Buffer.alloc(30)]),
      // a packet of user authentication before any key exchange
      Buffer.concat([Buffer.from(greeting), Buffer.from([0, 0, 0, 28, 10, 50]), Buffer.alloc(30)]),
    ]
    const ends = hostile.map(async (bytes) => {
      const socket = dial(receiver.port)
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.write(bytes)
      await Promise.race([closed(socket), sleep(500)])
      socket.destroy()
    })
    // real handshakes, cut somewhere
    for (let cut = 0; cut < 8; cut++) {
      const ssh = receiver.start('ssh', [
        ...receiver.sshOptions(),
        '-p',
        String(receiver.port),
        'crew@127.0.0.1',
        'x',
      ])
      await sleep(10 * cut)
      if (ssh.exitCode === null) ssh.kill('SIGKILL')
    }
    await Promise.all(ends)
    assert.equal((await receiver.ssh('still there')).stdout, '["still","there"]\n')
    assert.deepEqual(
      receiver.log.filter((line) => line.startsWith('error')),
      [],
    )
  })

  test('keeps its host key, made once and for its owner only; a damaged one is named', async () => {
    await using receiver = await SshReceiver.start()
    const hostKey = join(receiver.folder, 'root', 'ssh_host_ed25519_key')
    assert.equal(statSync(hostKey).mode & 0o777, 0o600)
    const made = readFileSync(hostKey, 'utf8')
    assert.equal(await loadHostKey({ hostKey }), made)
    chmodSync(hostKey, 0o600)
    const { stdout } = await execute('ssh-keygen', ['-y', '-f', hostKey])
    assert.match(stdout, /^ssh-ed25519 /)
    for (const bad of ['', made.slice(0, 100), 'junk']) {
      writeFileSync(hostKey, bad)
      await assert.rejects(
        loadHostKey({ hostKey }),
        (error) => isFailure(error) && error.message.includes(hostKey),
      )
    }
  })

  test('says so when its port is taken or a cipher is not known', async () => {
    await using receiver = await SshReceiver.start()
    const settings = { ...loadSettings({ file: '' }), 'ssh-host': '127.0.0.1', 'ssh-port': receiver.port }
    const parts = {
      settings,
      hostKey: await loadHostKey({ hostKey: join(receiver.folder, 'another') }),
      keys: { findByFingerprint: () => undefined },
      handle: async () => 0,
      log: noLog,
    }
    await assert.rejects(new SshServer(parts).listen(), (error) => isFailure(error, 'port-taken'))
    assert.throws(
      () => new SshServer({ ...parts, settings: { ...settings, 'ssh-ciphers': ['rot13'] } }),
      (error) => isFailure(error, 'setting-invalid') && error.message.includes('rot13'),
    )
  })

  test('that stops tells its sessions and lets them say goodbye', async () => {
    await using receiver = await SshReceiver.start({ commands: untilCalledOff })
    const waiting = receiver.start('ssh', [
      ...receiver.sshOptions(),
      '-p',
      String(receiver.port),
      'crew@127.0.0.1',
      'x',
    ])
    await new Promise((resolve) => waiting.stdout?.once('data', resolve))
    const idle = dial(receiver.port)
    const ended = new Promise((resolve) => waiting.once('close', resolve))
    await receiver.close()
    await ended
    assert.equal(waiting.exitCode, 130)
    await Promise.race([closed(idle), sleep(1000)])
    assert.equal(idle.closed, true)
  })

  test('that stops does not take its word away from a client that is slow to hear it', async () => {
    await using receiver = await SshReceiver.start({ commands: untilCalledOff })
    const words = [...receiver.sshOptions(), '-p', String(receiver.port), 'crew@127.0.0.1', 'x']
    const waiting = receiver.start('ssh', words)
    await new Promise((resolve) => waiting.stdout?.once('data', resolve))
    const ended = new Promise((resolve) => waiting.once('close', resolve))
    // what comes meanwhile it reads all at once: a disconnect behind the exit status would be its exit status
    waiting.kill('SIGSTOP')
    const stopped = receiver.close()
    await sleep(400)
    waiting.kill('SIGCONT')
    await Promise.all([stopped, ended])
    assert.equal(waiting.exitCode, 130)
  })
})
