// HTTP to the Docker engine of another machine: each connection is `docker system dial-stdio` there.
import { Agent, type ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SshHost } from '../ssh/host.ts'
import { SshStream } from '../ssh/stream.ts'

/** Docker's client (18.09 or later) that joins its ends to the engine it is configured for. */
const DIAL = ['docker', 'system', 'dial-stdio']

/** Connections last for one request: with a master they cost little, and none idles on the other side. */
export class SshAgent extends Agent {
  readonly #host: SshHost

  constructor(host: SshHost) {
    super({ keepAlive: false })
    this.#host = host
  }

  override createConnection(
    _options: ClientRequestArgs,
    created?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = this.#host
    host.start(DIAL).then(
      (session) => created?.(null, new SshStream(session, (ended) => host.failure(ended))),
      // of an error and a stream Node's types ask for both, and Node takes one
      (error: Error) => (created as ((error: Error) => void) | undefined)?.(error),
    )
  }
}
