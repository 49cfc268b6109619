// A builder: a second engine that only ssh leads to, with an sshd, a host key and a user's key of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../../src/host/net/free-port.ts'
import { eventually, execute } from './execute.ts'
import { PrivateEngine } from './private-engine.ts'

/** Programs of an ssh session over there; docker comes from the PATH of the test. */
const TOOLS = ['sh', 'cat', 'rm', 'tar', 'gzip', 'mktemp', 'find', 'wc', 'env', 'sleep']

export class RemoteEngine implements AsyncDisposable {
  readonly private: PrivateEngine
  /** Where the archives of docker save lie meanwhile. */
  readonly spool: string
  readonly #folder: string
  readonly #port: number
  readonly #path: string | undefined
  #sshd: ChildProcess | undefined

  private constructor(folder: string, engine: PrivateEngine, port: number) {
    this.#folder = folder
    this.#port = port
    this.#path = process.env.PATH
    this.private = engine
    this.spool = join(folder, 'spool')
  }

  /** Also puts an ssh first on the PATH of this process that reads a configuration of the test's. */
  static async start(folder: string): Promise<RemoteEngine> {
    for (const name of ['bin', 'client', 'spool']) mkdirSync(join(folder, name), { recursive: true })
    const engine = await PrivateEngine.start(join(folder, 'engine'))
    const remote = new RemoteEngine(folder, engine, await freePort())
    for (const name of ['host', 'other', 'user']) await remote.#key(name)
    for (const name of [...TOOLS, 'docker']) symlinkSync(await whereIs(name), join(folder, 'bin', name))
    copyFileSync(join(folder, 'user.pub'), join(folder, 'authorized'))
    const client = join(folder, 'client/ssh')
    writeFileSync(client, `#!/bin/sh\nexec ${await whereIs('ssh')} -F '${join(folder, 'config')}' "$@"\n`)
    chmodSync(client, 0o755)
    process.env.PATH = `${join(folder, 'client')}:${remote.#path}`
    remote.knows('host')
    await remote.serve()
    return remote
  }

  /** `pc` is an alias of the client's configuration: that it is read is seen by everything that works. */
  get address(): string {
    return 'ssh://pc'
  }

  async #key(name: string): Promise<void> {
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.#folder, name)])
  }

  /** What the client believes the host key to be. */
  knows(key: 'host' | 'other' | undefined): void {
    const known = join(this.#folder, 'known')
    const line = key && readFileSync(join(this.#folder, `${key}.pub`), 'utf8')
    writeFileSync(known, line === undefined ? '' : `[127.0.0.1]:${this.#port} ${line}`)
    this.login('user')
  }

  /** Which key the client offers. */
  login(key: 'user' | 'other'): void {
    const config = [
      'Host pc',
      '  HostName 127.0.0.1',
      `  Port ${this.#port}`,
      '  User root',
      `  IdentityFile ${join(this.#folder, key)}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${join(this.#folder, 'known')}`,
      '  GlobalKnownHostsFile /dev/null',
    ]
    writeFileSync(join(this.#folder, 'config'), `${config.join('\n')}\n`)
  }

  /** Whether sessions find docker. */
  hasDocker(there: boolean): void {
    const link = join(this.#folder, 'bin/docker')
    const hidden = join(this.#folder, 'docker-hidden')
    const [from, to] = there ? [hidden, link] : [link, hidden]
    symlinkSync(readlinkSync(from), to)
    rmSync(from)
  }

  /** Starts sshd. */
  async serve(): Promise<void> {
    const at = (name: string) => join(this.#folder, name)
    const config = [
      `Port ${this.#port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      // a shell that sshd starts reads ~/.bashrc, which is not the test's
      `SetEnv HOME=${at('home')} PATH=${at('bin')} TMPDIR=${this.spool} DOCKER_HOST=${this.private.engine.address}`,
    ]
    writeFileSync(at('sshd_config'), `${config.join('\n')}\n`)
    // where sshd drops its privileges to; Debian's service makes it at boot
    mkdirSync('/run/sshd', { recursive: true })
    this.#sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd_config')], { stdio: 'ignore' })
    await eventually('sshd to answer', () => answers(this.#port))
  }

  /** Ends sshd; connections that are open go on. */
  async hush(): Promise<void> {
    const sshd = this.#sshd
    if (!sshd || sshd.exitCode !== null || sshd.signalCode !== null) return
    sshd.kill()
    await new Promise((resolve) => sshd.once('exit', resolve))
  }

  /** Connections that sshd has open. */
  logins(): number {
    return childrenOf(this.#sshd?.pid ?? 0).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.env.PATH = this.#path
    await this.hush()
    await this.private[Symbol.asyncDispose]()
  }
}

const whereIs = async (name: string): Promise<string> => {
  const { stdout } = await execute('sh', ['-c', 'command -v "$1"', 'sh', name])
  if (!existsSync(stdout.trim())) throw new Error(`${name} is not installed`)
  return stdout.trim()
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

export interface Child {
  readonly pid: number
  readonly parent: number
  readonly words: readonly string[]
}

/** Processes that a process started and that are not reaped. */
function childrenOf(parent: number): Child[] {
  return processes().filter((child) => child.parent === parent)
}

/** The ssh processes that this process started. */
export const sshChildren = (): Child[] =>
  childrenOf(process.pid).filter(({ words }) => /ssh$/.test(words[0] ?? ''))

/** All there are: in the namespaces of the tests only their own. */
export function processes(): Child[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
        return [{ pid: Number(name), parent: Number(parent), words }]
      } catch {
        // it ended meanwhile
        return []
      }
    })
}

/** Bytes that no compression makes smaller. */
export const noise = (bytes: number): Buffer => randomBytes(bytes)
