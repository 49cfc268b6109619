// A Crew of its own for a test: a real `crew serve` with its own root and ports, a key, and people who push.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from '../../../src/host/docker/engine.ts'
import { freePort } from '../../../src/host/net/free-port.ts'
import { ensureBaseImage, testEngine } from './engine.ts'
import { type Ended, eventually, execute } from './execute.ts'

import { containersOf, imagesOf, instanceIn, removeAllOf } from './possessions.ts'

export { scriptApp, webApp } from './apps.ts'
export { eventually, execute } from './execute.ts'

/** The program under test: the sources, or what CREW_TEST_PROGRAM names (make test: bin/crew with the bundle). */
const PROGRAM = process.env.CREW_TEST_PROGRAM
  ? [process.env.CREW_TEST_PROGRAM]
  : [process.execPath, fileURLToPath(new URL('../../../src/main.ts', import.meta.url))]
const [COMMAND = '', ...PROGRAM_ARGS] = PROGRAM

export class Instance implements AsyncDisposable {
  readonly folder: string
  readonly root: string
  readonly env: Record<string, string>
  readonly sshPort: number
  readonly httpPort: number
  readonly engine: Engine
  #daemon: ChildProcess | undefined
  #log = ''

  private constructor(
    folder: string,
    engine: Engine,
    sshPort: number,
    httpPort: number,
    settings: Record<string, string>,
  ) {
    this.engine = engine
    this.folder = folder
    this.root = settings.CREW_ROOT ?? join(folder, 'root')
    this.sshPort = sshPort
    this.httpPort = httpPort
    const first = 20000 + Math.floor(Math.random() * 100) * 100
    this.env = {
      CREW_ROOT: this.root,
      CREW_SSH_HOST: '127.0.0.1',
      CREW_SSH_PORT: String(sshPort),
      CREW_ROUTER_HTTP_HOST: '127.0.0.1',
      CREW_ROUTER_HTTP_PORT: String(httpPort),
      CREW_ROUTER_PORT_RANGE: `${first}-${first + 99}`,
      CREW_ENGINE_HOST: engine.address,
      CREW_CHECK_ATTEMPTS: '20',
      CREW_CHECK_WAIT: '200ms',
      CREW_CHECK_UPTIME: '1s',
      CREW_DRAIN_TIMEOUT: '2s',
      CREW_STOP_TIMEOUT: '2s',
      ...settings,
    }
  }

  /** Starts a daemon with a key registered. @param settings environment variables on top, such as CREW_BUILDER */
  static async start(settings: Record<string, string> = {}, engine = testEngine()): Promise<Instance> {
    await ensureBaseImage(engine)
    const folder = mkdtempSync(join(tmpdir(), 'crew-test-'))
    const instance = new Instance(folder, engine, await freePort(), await freePort(), settings)
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'tester', '-f', instance.key])
    await instance.serve()
    const added = await instance.crew(['ssh-keys:add', 'tester'], {
      input: readFileSync(`${instance.key}.pub`, 'utf8'),
    })
    if (added.status !== 0) throw new Error(`ssh-keys:add: ${added.stderr}`)
    return instance
  }

  get key(): string {
    return join(this.folder, 'id_ed25519')
  }

  /** All that the daemons of this instance have logged. */
  get log(): string {
    return this.#log
  }

  /** Starts the daemon and waits until it answers and has put right what it found. */
  async serve(env: Record<string, string> = {}): Promise<void> {
    const child = spawn(COMMAND, [...PROGRAM_ARGS, 'serve'], {
      env: { ...process.env, CREW_LOG_LEVEL: 'debug', ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#daemon = child
    let log = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log += chunk
        this.#log += chunk
      })
    }
    await eventually(
      'crew serve to answer',
      async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`crew serve ended (${child.exitCode ?? child.signalCode}):\n${log}`)
        return (
          log.includes('what runs is what the store says') ||
          (env.CREW_FAILPOINT !== undefined && log.includes('crew serves'))
        )
      },
      30_000,
    )
  }

  /** Waits for the daemon to end by itself. @returns exit status or signal */
  async ended(): Promise<number | string | null> {
    const child = this.#daemon
    if (!child) return null
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve))
    this.#daemon = undefined
    return child.signalCode ?? child.exitCode
  }

  /** Ends the daemon: SIGTERM as `make down` does, or SIGKILL as a power cut. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#daemon?.kill(signal)
    await this.ended()
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0
  }

  /** A command on the machine itself. */
  crew(args: readonly string[], options: { input?: string; timeout?: number } = {}): Promise<Ended> {
    return execute(COMMAND, [...PROGRAM_ARGS, ...args], { env: this.env, ...options })
  }

  /** A command on the machine that prints JSON. */
  async json<T>(args: readonly string[]): Promise<T> {
    const { status, stdout, stderr } = await this.crew([...args, '--format', 'json'])
    if (status !== 0) throw new Error(`crew ${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  get sshOptions(): string[] {
    const options = [
      'IdentitiesOnly=yes',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'LogLevel=ERROR',
      'BatchMode=yes',
    ]
    return ['-F', 'none', '-i', this.key, ...options.flatMap((option) => ['-o', option])]
  }

  /** A command over SSH. */
  ssh(words: readonly string[], options: { input?: string; timeout?: number } = {}): Promise<Ended> {
    return execute(
      'ssh',
      [...this.sshOptions, '-p', String(this.sshPort), 'crew@127.0.0.1', ...words],
      options,
    )
  }

  get gitEnv(): Record<string, string> {
    return {
      GIT_SSH_COMMAND: ['ssh', ...this.sshOptions].join(' '),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'tester',
      GIT_AUTHOR_EMAIL: 'tester@example.org',
      GIT_COMMITTER_NAME: 'tester',
      GIT_COMMITTER_EMAIL: 'tester@example.org',
    }
  }

  git(repository: string, args: readonly string[], options: { timeout?: number } = {}): Promise<Ended> {
    return execute('git', ['-c', 'protocol.version=2', ...args], {
      cwd: repository,
      env: this.gitEnv,
      ...options,
    })
  }

  url(app: string): string {
    return `ssh://crew@127.0.0.1:${this.sshPort}/${app}`
  }

  /** A repository with one commit of `files`, its remote `skiff` leading to `app`. A path ending in `@` is a symlink. */
  async repository(app: string, files: Record<string, string>): Promise<string> {
    const folder = mkdtempSync(join(this.folder, 'repository-'))
    await this.git(folder, ['init', '-q', '-b', 'master'])
    await this.git(folder, ['remote', 'add', 'skiff', this.url(app)])
    await this.commit(folder, files)
    return folder
  }

  /** Writes files and commits them. @returns the commit */
  async commit(repository: string, files: Record<string, string>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(repository, path.replace(/@$/, ''))
      mkdirSync(dirname(file), { recursive: true })
      if (path.endsWith('@')) symlinkSync(content, file)
      else writeFileSync(file, content)
      if (content.startsWith('#!')) chmodSync(file, 0o755)
    }
    await this.git(repository, ['add', '-A', '-f'])
    await this.git(repository, ['commit', '-q', '--allow-empty', '-m', 'a change'])
    return (await this.git(repository, ['rev-parse', 'HEAD'])).stdout.trim()
  }

  push(
    repository: string,
    refs: readonly string[] = ['master'],
    options: { timeout?: number } = {},
  ): Promise<Ended> {
    return this.git(repository, ['push', 'skiff', ...refs], options)
  }

  /** A push under way that a test can watch and break off. */
  pushing(
    repository: string,
    refs: readonly string[] = ['master'],
  ): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
    const child = spawn('git', ['push', 'skiff', ...refs], {
      cwd: repository,
      env: { ...process.env, ...this.gitEnv },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
    return { child, output: () => output, ended: new Promise((resolve) => child.once('close', resolve)) }
  }

  /** Asks the router for a page by host name. */
  get(host: string, path = '/', port = this.httpPort): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path, headers: { host }, agent: false, timeout: 10_000 },
        (answer) => {
          let body = ''
          answer.on('data', (chunk: Buffer) => (body += chunk))
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
          answer.on('error', reject)
        },
      )
      asked.on('timeout', () => asked.destroy(new Error('no answer in 10 s')))
      asked.on('error', reject)
      asked.end()
    })
  }

  /** Body of an app's page; empty when there is none. */
  async page(app: string, path = '/'): Promise<string> {
    const { status, body } = await this.get(`${app}.localhost`, path)
    return status === 200 ? body : ''
  }

  /** Containers of this instance on the engine. */
  containers() {
    return containersOf(this.engine, instanceIn(this.root))
  }

  /** Images of this instance on the engine, dangling ones too. */
  images() {
    return imagesOf(this.engine, instanceIn(this.root))
  }

  /** Ends everything and removes what is on the engine and on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await this.crew(['teardown'], { timeout: 60_000 })
    await removeAllOf(this.engine, instanceIn(this.root))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
