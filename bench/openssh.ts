// The peer: Debian's OpenSSH with plain git behind it, on a port, host key and configuration of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../src/host/net/free-port.ts'
import { eventually, execute } from '../test/engine/harness/execute.ts'

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** An sshd that lets `key` in as whoever runs the bench. */
export class OpenSsh implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #daemon: ChildProcess

  private constructor(port: number, folder: string, daemon: ChildProcess) {
    this.port = port
    this.folder = folder
    this.#daemon = daemon
  }

  /** @param key path of a private key; its public half lies beside it */
  static async start(key: string): Promise<OpenSsh> {
    const folder = mkdtempSync(join(tmpdir(), 'openssh-'))
    const port = await freePort()
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host_key')])
    copyFileSync(`${key}.pub`, join(folder, 'authorized_keys'))
    const config = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host_key')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      `PidFile ${join(folder, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PrintMotd no',
      'PermitRootLogin yes',
      // a shell that sshd starts reads ~/.bashrc, and what that does here is not OpenSSH's doing
      `SetEnv HOME=${folder}`,
    ]
    writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
    // where sshd drops its privileges to; Debian's service makes it at boot
    mkdirSync('/run/sshd', { recursive: true })
    const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
      stdio: 'ignore',
    })
    await eventually('sshd to answer', () => answers(port))
    return new OpenSsh(port, folder, daemon)
  }

  get user(): string {
    return userInfo().username
  }

  /** Makes a bare repository. @returns its address */
  async repository(name: string): Promise<string> {
    const path = join(this.folder, `${name}.git`)
    await execute('git', ['init', '-q', '--bare', '-b', 'master', path])
    return `ssh://${this.user}@127.0.0.1:${this.port}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#daemon.kill()
    if (this.#daemon.exitCode === null) await new Promise((resolve) => this.#daemon.once('exit', resolve))
  }
}
