// A real `git daemon` on loopback with repositories that a test makes.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { freePort } from '../../../src/host/net/free-port.ts'
import { eventually, execute } from './execute.ts'

const IDENTITY = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'tester',
  GIT_AUTHOR_EMAIL: 'tester@example.org',
  GIT_COMMITTER_NAME: 'tester',
  GIT_COMMITTER_EMAIL: 'tester@example.org',
}

export class GitDaemon implements AsyncDisposable {
  readonly #folder: string
  readonly port: number
  readonly #process: ChildProcess

  private constructor(folder: string, port: number, process: ChildProcess) {
    this.#folder = folder
    this.port = port
    this.#process = process
  }

  /** @param folder where the repositories will be */
  static async start(folder: string): Promise<GitDaemon> {
    mkdirSync(folder, { recursive: true })
    const port = await freePort()
    const args = ['daemon', '--export-all', '--reuseaddr', '--listen=127.0.0.1', `--port=${port}`]
    const child = spawn('git', [...args, `--base-path=${folder}`, folder], {
      stdio: 'ignore',
      detached: true,
    })
    const daemon = new GitDaemon(folder, port, child)
    await eventually('git daemon to answer', async () => {
      if (child.exitCode !== null) throw new Error(`git daemon ended with ${child.exitCode}`)
      return new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
        socket.on('connect', () => socket.destroy())
      })
    })
    return daemon
  }

  url(name: string): string {
    return `git://127.0.0.1:${this.port}/${name}`
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  async git(name: string, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await execute('git', ['-C', this.path(name), ...args], {
      env: IDENTITY,
    })
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
    return stdout.trim()
  }

  /**
   * Makes a repository with one commit, or adds a commit to the one that is there.
   * @param anyCommit whether the server hands out commits by their id, as the big forges do
   * @returns the commit
   */
  async commit(name: string, files: Record<string, string>, anyCommit = true): Promise<string> {
    mkdirSync(this.path(name), { recursive: true })
    await this.git(name, 'init', '-q', '-b', 'master')
    await this.git(name, 'config', 'uploadpack.allowAnySHA1InWant', String(anyCommit))
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.path(name), path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      if (content.startsWith('#!')) chmodSync(file, 0o755)
    }
    await this.git(name, 'add', '-A', '-f')
    await this.git(name, 'commit', '-q', '--allow-empty', '-m', 'a change')
    return this.git(name, 'rev-parse', 'HEAD')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode } = this.#process
    if (pid === undefined || exitCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    process.kill(-pid, 'SIGKILL')
    await ended
  }
}
