// Containers on the engine: listed, looked at, made, started, stopped, removed.
import type Docker from 'dockerode'
import { failure } from '../../core/errors.ts'
import { ASK_LIMIT, answered, CHANGE_LIMIT, call } from './call.ts'
import type { Engine } from './engine.ts'

/** One container as the engine's list has it. */
export type ContainerEntry = Docker.ContainerInfo

/** One container as a closer look shows it. */
export type ContainerDetails = Docker.ContainerInspectInfo

/** What the engine is asked to make; Docker's own form. */
export type ContainerOptions = Omit<Docker.ContainerCreateOptions, 'abortSignal' | 'name'> & {
  readonly name: string
}

/** Result of a command that ran inside a container. */
export interface ExecResult {
  readonly status: number | null
  readonly output: string
}

const EXEC_OUTPUT = 4096

export class Containers {
  readonly #engine: Engine
  #init: Promise<boolean> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Containers in every state that carry all these labels, in one call.
   * @param label `name=value`, or `name` for any value
   */
  list(label: readonly string[], signal?: AbortSignal): Promise<Docker.ContainerInfo[]> {
    return call(this.#engine, ASK_LIMIT, signal, (abortSignal) =>
      this.#engine.docker.listContainers({ all: true, filters: { label: [...label] }, abortSignal }),
    )
  }

  /** @returns undefined when there is no such container */
  async inspect(id: string, signal?: AbortSignal): Promise<Docker.ContainerInspectInfo | undefined> {
    try {
      return await call(this.#engine, ASK_LIMIT, signal, (abortSignal) =>
        this.#engine.docker.getContainer(id).inspect({ abortSignal }),
      )
    } catch (error) {
      if (answered(error, 404)) return undefined
      throw error
    }
  }

  /** The HEALTHCHECK of an image as Docker keeps it: CMD or CMD-SHELL and words. @throws not-found */
  async healthcheck(image: string, signal?: AbortSignal): Promise<readonly string[] | undefined> {
    try {
      const info = await call(this.#engine, ASK_LIMIT, signal, () =>
        this.#engine.docker.getImage(image).inspect(),
      )
      return info.Config?.Healthcheck?.Test
    } catch (error) {
      if (!answered(error, 404)) throw error
      const hint = 'somebody removed it from the engine; push again, or ps:rebuild'
      throw failure('not-found', { what: 'image', name: image, hint }, error)
    }
  }

  /** Whether the engine has docker-init (tini), which Debian packages apart from it. Asked once. */
  hasInit(): Promise<boolean> {
    this.#init ??= call(this.#engine, ASK_LIMIT, undefined, async () => {
      const info = await this.#engine.docker.info()
      return info?.InitCommit?.ID !== 'N/A'
    }).catch((error: unknown) => {
      this.#init = undefined
      throw error
    })
    return this.#init
  }

  /**
   * Makes a container. Takes no signal: a call given up half-way may still leave a container.
   * @returns its id
   */
  async create({ name, ...body }: ContainerOptions): Promise<string> {
    const container = await call(this.#engine, CHANGE_LIMIT, undefined, (abortSignal) => {
      // dockerode would otherwise write every option, secrets of the environment too, into the URL
      const options = { abortSignal, _query: { name }, _body: body }
      return this.#engine.docker.createContainer(options)
    })
    return container.id
  }

  async start(id: string): Promise<void> {
    await this.#change([304], (abortSignal) => this.#engine.docker.getContainer(id).start({ abortSignal }))
  }

  /** From now on the engine starts it again whenever it ends, and after a reboot, until it is stopped. */
  async keepRunning(id: string): Promise<void> {
    const RestartPolicy = { Name: 'unless-stopped' }
    await this.#change([], (abortSignal) =>
      this.#engine.docker.getContainer(id).update({ RestartPolicy, abortSignal }),
    )
  }

  /** SIGTERM (or the image's STOPSIGNAL), and SIGKILL after `timeout` ms, in whole seconds. Gone or stopped is fine. */
  async stop(id: string, timeout: number, signal?: AbortSignal): Promise<void> {
    const t = Math.ceil(timeout / 1000)
    await this.#change(
      [304, 404],
      (abortSignal) => this.#engine.docker.getContainer(id).stop({ t, abortSignal }),
      CHANGE_LIMIT + timeout,
      signal,
    )
  }

  /** Removes it with its anonymous volumes, killing it if it runs. Gone already is fine. */
  async remove(id: string): Promise<void> {
    await this.#change([404, 409], (abortSignal) =>
      this.#engine.docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    )
  }

  /**
   * Runs a command inside a running container, as its user and in its environment.
   * @param limit milliseconds until it counts as failed (status null)
   */
  async exec(
    id: string,
    command: readonly string[],
    limit: number,
    signal: AbortSignal,
  ): Promise<ExecResult> {
    const { docker } = this.#engine
    return call(this.#engine, limit, signal, async (abortSignal) => {
      const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, Tty: true, abortSignal }
      const exec = await docker.getContainer(id).exec(options)
      const stream = await exec.start({ Tty: true, abortSignal })
      const end = () => stream.destroy()
      abortSignal.addEventListener('abort', end, { once: true })
      let output = ''
      try {
        for await (const chunk of stream) if (output.length < EXEC_OUTPUT) output += String(chunk)
      } finally {
        abortSignal.removeEventListener('abort', end)
      }
      const { ExitCode } = await exec.inspect({ abortSignal })
      return { status: ExitCode, output }
    })
  }

  async #change(
    fine: readonly number[],
    make: (abortSignal: AbortSignal) => Promise<unknown>,
    limit = CHANGE_LIMIT,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      await call(this.#engine, limit, signal, make)
    } catch (error) {
      if (!answered(error, ...fine)) throw error
    }
  }
}
