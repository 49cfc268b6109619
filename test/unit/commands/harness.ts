// Commands run against a real store in a folder of their own, with a pipeline that records what it was asked.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { Command } from '../../../src/commands/command.ts'
import type { Context } from '../../../src/commands/context.ts'
import { runCommand } from '../../../src/commands/run.ts'
import { pathsOf } from '../../../src/config/paths.ts'
import { loadSettings } from '../../../src/config/settings.ts'
import { type App, type ProcessType, parseAppName } from '../../../src/core/app.ts'
import { failure } from '../../../src/core/errors.ts'
import type { ContainerStatus } from '../../../src/deployer/status.ts'
import { Store } from '../../../src/host/store/store.ts'
import type { Actor } from '../../../src/pipeline-port.ts'
import { parsePublicKey } from '../../../src/receiver/ssh/public-key.ts'

type Pipeline = Context['pipeline']
type Verb = keyof Pipeline

/** Keeps what is written, as text. */
export class Kept extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}

export interface RunOptions {
  readonly stdin?: string | Readable
  readonly who?: string
  readonly signal?: AbortSignal
  readonly stdout?: Writable
  readonly commands?: readonly Command[]
}

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const actorIn = (values: readonly unknown[]): Actor | undefined =>
  values.find((value): value is Actor => typeof value === 'object' && value !== null && 'report' in value)

export class Bench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'crew-commands-'))
  readonly store = new Store(join(this.folder, 'crew.db'))
  readonly settings = loadSettings({ flags: { root: this.folder }, env: {}, file: '' })
  /** Calls of the pipeline: the verb and what it was given, the actor as its name. */
  readonly calls: unknown[][] = []
  /** What the pipeline does when it is asked; a verb that is not here throws. */
  prepared: Partial<Record<Verb, (actor: Actor | undefined, ...values: unknown[]) => unknown>> = {}
  /** Containers by App.id; null: the engine does not answer. */
  containers: Map<number, ContainerStatus[]> | null = new Map()
  logs: Context['deployer']['logs'] = async () => {
    throw new Error('logs were not prepared')
  }
  checkLogin: Context['checkLogin'] = async () => {
    throw new Error('a login was not prepared')
  }
  /** Where images are made; a test that gets there has to say where. */
  places: Context['places'] = {
    at: async () => {
      throw new Error('a place was not prepared')
    },
  }
  /** What makes images; a test that asks for it has to bring it. */
  scratch: Context['scratch'] = async () => {
    throw new Error('scratch was not prepared')
  }
  readonly faults: unknown[] = []

  /** Makes an app; with a release that is live when processes are given. */
  app(name: string, processes?: readonly ProcessType[]): App {
    const parsed = parseAppName(name)
    this.store.apps.create(parsed)
    if (processes) {
      this.store.releases.create(parsed, {
        cause: 'push',
        commit: 'dbddc3f1'.repeat(5),
        config: { SECRET: 'of the release' },
        who: 'admin',
      })
      this.store.releases.built(parsed, 1, { image: 'sha256:1', processes, port: 5000 })
      this.store.releases.makeLive(parsed, 1, this.store.apps.nextDeployment(parsed))
    }
    return this.store.apps.get(parsed)
  }

  container(app: App, overrides: Partial<ContainerStatus> = {}): void {
    const container: ContainerStatus = {
      name: 'web.1',
      type: 'web',
      index: 1,
      state: 'running',
      health: 'none',
      address: '10.0.0.2',
      startedAt: '2026-01-01T00:00:00.000Z',
      restarts: 0,
      image: 'sha256:1',
      release: 1,
      deployment: 1,
      current: true,
      container: { id: '0123456789abcdef', name: `crew-${app.name}-web-1` },
      ...overrides,
    }
    this.containers?.set(app.id, [...(this.containers.get(app.id) ?? []), container])
  }

  #call(verb: Verb, values: readonly unknown[]): Promise<void> {
    const actor = actorIn(values)
    const others = values.filter((value) => value !== actor)
    this.calls.push([verb, ...others, ...(actor ? [actor.who] : [])])
    const does = this.prepared[verb]
    if (!does) return Promise.reject(new Error(`pipeline.${verb} was not prepared`))
    return Promise.resolve(does(actor, ...others)).then(() => {})
  }

  get context(): Context {
    const verb =
      (name: Verb) =>
      (...values: unknown[]) =>
        this.#call(name, values)
    const unreachable = () => failure('engine-unreachable', { address: 'unix:///x', problem: 'ENOENT' })
    return {
      settings: this.settings,
      paths: pathsOf(this.folder),
      store: this.store,
      pipeline: {
        rebuild: verb('rebuild'),
        rollback: verb('rollback'),
        reconfigure: verb('reconfigure'),
        restart: verb('restart'),
        stop: verb('stop'),
        start: verb('start'),
        scale: verb('scale'),
        reroute: verb('reroute'),
        create: verb('create'),
        rename: verb('rename'),
        destroy: verb('destroy'),
        cleanup: verb('cleanup'),
      },
      deployer: {
        status: async (app) => {
          if (this.containers === null) throw unreachable()
          return this.containers.get(this.store.apps.get(app).id) ?? []
        },
        statuses: async () => {
          if (this.containers === null) throw unreachable()
          return this.containers
        },
        logs: (...values) => this.logs(...values),
      },
      places: { at: (...place) => this.places.at(...place) },
      scratch: () => this.scratch(),
      urls: (app) => (app.live ? [`http://${app.name}.localhost:8080`] : []),
      daemon: {
        info: async () => ({
          version: '0.1.0',
          root: '/var/lib/crew',
          ssh: { host: '0.0.0.0', port: 2222 },
          router: { http: 'http://0.0.0.0:8080' },
          engine: this.containers === null ? null : { version: '20.10.24', platform: 'linux/arm64' },
          startedAt: '2026-01-01T00:00:00.000Z',
          pid: 42,
          memory: 64 * 2 ** 20,
        }),
      },
      keysChanged: async () => {},
      parsePublicKey,
      checkLogin: (...login) => this.checkLogin(...login),
      onFault: (error) => this.faults.push(error),
    }
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { stdin = '', who = 'admin', signal = new AbortController().signal, commands } = options
    const stdout = options.stdout ?? new Kept()
    const stderr = new Kept()
    const session = {
      argv,
      who,
      stdin: typeof stdin === 'string' ? Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]) : stdin,
      stdout,
      stderr,
      signal,
      terminal: false,
    }
    const status = await runCommand(this.context, session, commands)
    return { status, stdout: stdout instanceof Kept ? stdout.text : '', stderr: stderr.text }
  }

  /** Output of a command that must succeed. */
  async out(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.run(argv, options)
    if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`)
    return stdout
  }

  async json(argv: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.out([...argv, '--format', 'json']))
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const web: readonly ProcessType[] = [{ type: 'web', command: null }]
export const webAndWorker: readonly ProcessType[] = [
  { type: 'web', command: null },
  { type: 'worker', command: 'work' },
]
