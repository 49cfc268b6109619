// The connection to the Docker engine, and what kind of engine answers.
import Docker from 'dockerode'
import { parseBuilderHost } from '../../core/builder-host.ts'
import { failure, messageOf } from '../../core/errors.ts'
import { findArchitecture, platformOf } from '../../core/platform.ts'
import { SshHost } from '../ssh/host.ts'
import { SshAgent } from './ssh-connection.ts'

export interface EngineInfo {
  readonly version: string
  readonly apiVersion: string
  /** In the normal form of core/platform.ts: linux/amd64, linux/arm/v7. */
  readonly platform: string
}

/**
 * The platform of an engine. Its version says which program it is (`arm`), its /info what the kernel calls the
 * processor (`armv6l`), which tells the variants of ARM apart. A 32-bit engine on a 64-bit kernel runs v7. Pure.
 */
export function enginePlatform(os: string, goarch: string, machine: string): string {
  const found = findArchitecture(machine)
  const variant = goarch === 'arm' && found?.goarch === 'arm' ? found.variant : ''
  return platformOf(os, goarch, variant) ?? `${os}/${goarch}`
}

/** Milliseconds for a question that a healthy engine answers at once, also on a busy board. */
const INFO_TIMEOUT = 10_000

export interface EngineOptions {
  /** Folder of the sockets by which connections over ssh share a login; without one each logs in. */
  readonly controlFolder?: string | undefined
}

/** One engine behind a unix socket, a TCP address or ssh; holds no state but the address and ssh's master. */
export class Engine implements AsyncDisposable {
  readonly address: string
  /** For the adapters of this folder only. */
  readonly docker: Docker
  /** The machine of the engine, when ssh leads to it. */
  readonly ssh: SshHost | undefined

  /**
   * @param address `unix:///path`, `tcp://host:port` or `ssh://user@host:port`, as DOCKER_HOST has it
   * @throws value-invalid
   */
  constructor(address: string, options: EngineOptions = {}) {
    this.address = address
    if (address.startsWith('ssh:')) {
      this.ssh = new SshHost(parseBuilderHost(address), options)
      // not dockerode's own ssh, which takes any host key; the name is for the Host header only
      const over = { protocol: 'http', host: 'docker', port: 80, agent: new SshAgent(this.ssh) }
      this.docker = new Docker(over as Docker.DockerOptions)
      return
    }
    const url = new URL(address)
    this.docker =
      url.protocol === 'unix:'
        ? // the empty host keeps a DOCKER_HOST of the environment from winning over the path
          new Docker({ protocol: 'http', host: '', socketPath: url.pathname })
        : new Docker({ protocol: 'http', host: url.hostname, port: url.port || 2375 })
  }

  /** Ends what ssh has open; nothing else is held. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.ssh?.[Symbol.asyncDispose]()
  }

  /** Asks the engine what it is. @throws engine-unreachable, canceled */
  async info(signal?: AbortSignal): Promise<EngineInfo> {
    const late = AbortSignal.timeout(INFO_TIMEOUT)
    const limit = signal ? AbortSignal.any([signal, late]) : late
    try {
      // dockerode takes options here as everywhere; its types do not say so
      const docker = this.docker as {
        version(options: object): Promise<Docker.DockerVersion>
        info(options: object): Promise<{ Architecture?: unknown }>
      }
      const { Version, ApiVersion, Os, Arch } = await docker.version({ abortSignal: limit })
      // the second question costs as much as a short build step, and only there it tells something
      const { Architecture = '' } = Arch === 'arm' ? await docker.info({ abortSignal: limit }) : {}
      const platform = enginePlatform(Os, Arch, String(Architecture))
      return { version: Version, apiVersion: ApiVersion, platform }
    } catch (error) {
      const problem = `no answer within ${INFO_TIMEOUT / 1000} s`
      if (signal?.aborted) throw failure('canceled', { what: 'a call of the Docker engine' }, error)
      if (late.aborted) throw unreachable(this, problem, error)
      throw engineFailure(this, error)
    }
  }
}

/** HTTP status of an answer of the engine that dockerode threw; undefined for anything else. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined

/** An engine that does not answer: this machine's own, or a builder's, whose loss means nothing for the apps. */
export const unreachable = ({ address }: Pick<Engine, 'address'>, problem: string, cause: unknown): Error =>
  address.startsWith('ssh:')
    ? failure('builder-unreachable', { address, problem, hint: 'is it on, and in reach? try again' }, cause)
    : failure('engine-unreachable', { address, problem }, cause)

const UNREACHABLE = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EACCES', 'EPIPE', 'ETIMEDOUT'])

/** The error for a person of what dockerode threw: `unreachable`, or engine-error with the engine's words. */
export function engineFailure(engine: Pick<Engine, 'address'>, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  const hungUp = error instanceof Error && error.message === 'socket hang up'
  if (UNREACHABLE.has(code) || hungUp) {
    return unreachable(engine, code || 'it hung up', error)
  }
  const json = (error as { json?: { message?: unknown } } | undefined)?.json
  const problem = typeof json?.message === 'string' ? json.message : messageOf(error)
  return statusOf(error) === undefined && error instanceof Error
    ? error
    : failure('engine-error', { problem }, error)
}
