// The receiver by itself: real SSH server, git service and repositories, in this process, with a push handler
// and commands that the test brings. Its clients are the machine's own ssh and git.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathsOf } from '../../../src/config/paths.ts'
import { loadSettings, type SettingName } from '../../../src/config/settings.ts'
import { type App, type AppName, parseAppName } from '../../../src/core/app.ts'
import type { Log } from '../../../src/core/log.ts'
import { describeError } from '../../../src/core/report.ts'
import { Repositories } from '../../../src/host/git/repositories.ts'
import { installHooks } from '../../../src/receiver/git/hooks.ts'
import { GitService, parseGitService } from '../../../src/receiver/git/service.ts'
import type { PushHandler } from '../../../src/receiver/push.ts'
import type { SessionHandler } from '../../../src/receiver/session.ts'
import { readFront } from '../../../src/receiver/ssh/front.ts'
import { loadHostKey } from '../../../src/receiver/ssh/host-key.ts'
import { parsePublicKey } from '../../../src/receiver/ssh/public-key.ts'
import { SshServer } from '../../../src/receiver/ssh/server.ts'
import { type Ended, execute } from './execute.ts'

export interface ReceiverOptions {
  readonly settings?: Partial<Record<SettingName, string>>
  readonly push?: PushHandler
  readonly commands?: SessionHandler
  /** Whether the key `front` is that of a server that hands sessions on. */
  readonly front?: boolean
}

/** Answers every command with its words, one JSON array per line. */
const echoWords: SessionHandler = async ({ argv, stdout }) => {
  stdout.write(`${JSON.stringify(argv)}\n`)
  return 0
}

export class SshReceiver implements AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly log: readonly string[]
  readonly repositories: Repositories
  readonly #server: SshServer
  readonly #apps: ReadonlyMap<string, App>
  readonly #children = new Set<ChildProcess>()

  private constructor(
    folder: string,
    port: number,
    log: readonly string[],
    repositories: Repositories,
    apps: ReadonlyMap<string, App>,
    server: SshServer,
  ) {
    this.folder = folder
    this.port = port
    this.log = log
    this.repositories = repositories
    this.#apps = apps
    this.#server = server
  }

  /** Starts it on a free port of loopback, with the key `tester` registered and `stranger` not. */
  static async start(options: ReceiverOptions = {}): Promise<SshReceiver> {
    const folder = mkdtempSync(join(tmpdir(), 'crew-receiver-'))
    const flags = { root: join(folder, 'root'), 'ssh-host': '127.0.0.1', ...options.settings }
    const settings = { ...loadSettings({ flags, file: '' }), 'ssh-port': 0 }
    const paths = pathsOf(settings.root)
    const lines: string[] = []
    const write = (level: string) => (fields: object, message: string) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
    const log: Log = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    }

    for (const name of ['tester', 'stranger', 'front']) {
      await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)])
    }
    const registered = parsePublicKey(readFileSync(join(folder, 'tester.pub'), 'utf8'))
    const keys = {
      findByFingerprint: (fingerprint: string) =>
        fingerprint === registered.fingerprint
          ? { name: 'tester', publicKey: registered.publicKey }
          : undefined,
    }

    const apps = new Map<string, App>()
    const repositories = new Repositories(paths.repositories)
    const create = async (name: AppName) => {
      const app = { id: apps.size + 1, name, createdAt: '', stopped: false, live: null }
      await repositories.create(app)
      apps.set(name, app)
    }
    await installHooks(paths)
    const pipeline = { push: options.push ?? (async () => {}), create }
    const store = { apps: { find: (name: AppName) => apps.get(name) } }
    const git = new GitService({ settings, paths, log, store, repositories, pipeline })
    const commands = options.commands ?? echoWords
    const handle: SessionHandler = async (session) => {
      try {
        const request = parseGitService(session.argv)
        return request ? await git.serve(request, session) : await commands(session)
      } catch (error) {
        const { text, exit } = describeError(error)
        session.stderr.write(text)
        return exit
      }
    }
    const front = options.front ? await readFront(join(folder, 'front.pub')) : undefined
    const server = new SshServer({ settings, hostKey: await loadHostKey(paths), keys, front, handle, log })
    const { port } = await server.listen()
    return new SshReceiver(folder, port, lines, repositories, apps, server)
  }

  sshOptions(key = 'tester'): string[] {
    const options = [
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'StrictHostKeyChecking=no',
      'LogLevel=ERROR',
      'BatchMode=yes',
    ]
    const known = `UserKnownHostsFile=${join(this.folder, 'known_hosts')}`
    return [
      '-F',
      'none',
      '-i',
      join(this.folder, key),
      ...[...options, known].flatMap((option) => ['-o', option]),
    ]
  }

  /** Runs one exec line over SSH, exactly as it is given. */
  ssh(
    line: string,
    { key, input, options = [] }: { key?: string; input?: string; options?: string[] } = {},
  ): Promise<Ended> {
    const words = ['-p', String(this.port), 'crew@127.0.0.1', ...(line === '' ? [] : ['--', line])]
    return execute(
      'ssh',
      [...this.sshOptions(key), ...options, ...words],
      input === undefined ? {} : { input },
    )
  }

  /** A client that the test watches and breaks off. */
  start(command: string, args: readonly string[], cwd = this.folder): ChildProcess {
    const child = spawn(command, [...args], {
      cwd,
      env: { ...process.env, ...this.gitEnv },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    for (const stream of child.stdio) stream?.on('error', () => {})
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  get gitEnv(): Record<string, string> {
    return {
      GIT_SSH_COMMAND: ['ssh', ...this.sshOptions()].join(' '),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'tester',
      GIT_AUTHOR_EMAIL: 'tester@example.org',
      GIT_COMMITTER_NAME: 'tester',
      GIT_COMMITTER_EMAIL: 'tester@example.org',
    }
  }

  url(path: string): string {
    return `ssh://crew@127.0.0.1:${this.port}/${path}`
  }

  git(cwd: string, args: readonly string[]): Promise<Ended> {
    return execute('git', args, { cwd, env: this.gitEnv })
  }

  /** A repository with one commit of one file, and the remote `skiff`. */
  async workTree(app: string, content: string | Buffer = 'hello\n'): Promise<string> {
    const folder = mkdtempSync(join(this.folder, 'work-'))
    await this.git(folder, ['init', '-q', '-b', 'master'])
    await this.git(folder, ['remote', 'add', 'skiff', this.url(app)])
    await this.commit(folder, content)
    return folder
  }

  /** @returns the commit */
  async commit(workTree: string, content: string | Buffer): Promise<string> {
    writeFileSync(join(workTree, 'file'), content)
    await this.git(workTree, ['add', '-A'])
    await this.git(workTree, ['commit', '-q', '--allow-empty', '-m', 'a change'])
    return (await this.git(workTree, ['rev-parse', 'HEAD'])).stdout.trim()
  }

  /** Path of an app's repository; undefined when there is no such app. */
  repository(app: string): string | undefined {
    const found = this.#apps.get(parseAppName(app))
    return found && this.repositories.path(found)
  }

  get appNames(): string[] {
    return [...this.#apps.keys()]
  }

  /** Where a branch of an app points; undefined when there is none. */
  async branch(app: string, name = 'master'): Promise<string | undefined> {
    const found = this.#apps.get(app)
    return found && (await this.repositories.refs(found)).get(`refs/heads/${name}`)
  }

  /** Quarantines that were left, and processes of git that work below this folder. */
  leftovers(): string[] {
    const quarantines = [...this.#apps.values()].flatMap((app) =>
      readdirSync(join(this.repositories.path(app), 'objects')).filter((name) =>
        name.startsWith('tmp_objdir-'),
      ),
    )
    return [...quarantines, ...this.#processes()]
  }

  #processes(): string[] {
    const root = join(this.folder, 'root')
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
          return words.includes(root) ? [`${pid} ${words}`] : []
        } catch {
          return []
        }
      })
  }

  /** Stops the server. */
  close(): Promise<void> {
    return this.#server.close(2_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    await this.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
