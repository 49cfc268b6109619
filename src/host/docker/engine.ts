// The connection to the Docker engine, and what kind of engine answers.
import Docker from 'dockerode'
import { failure, messageOf } from '../../core/errors.ts'

export interface EngineInfo {
  readonly version: string
  readonly apiVersion: string
  /** As Docker writes platforms: linux/amd64, linux/arm64, linux/arm/v7. */
  readonly platform: string
}

/** Milliseconds for a question that a healthy engine answers at once, also on a busy board. */
const INFO_TIMEOUT = 10_000

/** One engine behind a unix socket or TCP address; holds no state but the address. */
export class Engine {
  readonly address: string
  /** For the adapters of this folder only. */
  readonly docker: Docker

  /** @param address `unix:///path` or `tcp://host:port`, as DOCKER_HOST has it */
  constructor(address: string) {
    this.address = address
    const url = new URL(address)
    this.docker =
      url.protocol === 'unix:'
        ? new Docker({ socketPath: url.pathname })
        : new Docker({ protocol: 'http', host: url.hostname, port: url.port || 2375 })
  }

  /** Asks the engine what it is. @throws engine-unreachable */
  async info(): Promise<EngineInfo> {
    const limit = AbortSignal.timeout(INFO_TIMEOUT)
    try {
      // dockerode takes options here as everywhere; its types do not say so
      const docker = this.docker as { version(options: object): Promise<Docker.DockerVersion> }
      const { Version, ApiVersion, Os, Arch } = await docker.version({ abortSignal: limit })
      return { version: Version, apiVersion: ApiVersion, platform: `${Os}/${Arch}` }
    } catch (error) {
      const problem = `no answer within ${INFO_TIMEOUT / 1000} s`
      if (limit.aborted) throw failure('engine-unreachable', { address: this.address, problem }, error)
      throw engineFailure(this, error)
    }
  }
}

/** HTTP status of an answer of the engine that dockerode threw; undefined for anything else. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined

const UNREACHABLE = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EACCES', 'EPIPE', 'ETIMEDOUT'])

/** The error for a person of what dockerode threw: engine-unreachable, or engine-error with the engine's words. */
export function engineFailure(engine: Pick<Engine, 'address'>, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  const hungUp = error instanceof Error && error.message === 'socket hang up'
  if (UNREACHABLE.has(code) || hungUp) {
    return failure('engine-unreachable', { address: engine.address, problem: code || 'it hung up' }, error)
  }
  const json = (error as { json?: { message?: unknown } } | undefined)?.json
  const problem = typeof json?.message === 'string' ? json.message : messageOf(error)
  return statusOf(error) === undefined && error instanceof Error
    ? error
    : failure('engine-error', { problem }, error)
}
