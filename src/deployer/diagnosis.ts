// Why a container is not healthy, in words for the one who pushed it, with what to do about it. Pure.
import { formatDuration, formatSize } from '../core/units.ts'
import type { Socket } from '../host/docker/sockets.ts'
import type { Ailment } from './health.ts'

export interface Diagnosis {
  readonly problem: string
  readonly hint: string
}

export interface Circumstances {
  readonly app: string
  /** Bytes; null: no limit. */
  readonly memory: number | null
  /** What the app is told in $PORT; null without a web process. */
  readonly port: number | null
  /** Sockets inside the container; undefined when they cannot be seen. */
  readonly sockets: readonly Socket[] | undefined
  /** Whether the container wrote anything, which is shown before the diagnosis. */
  readonly wrote: boolean
}

const logs = ({ wrote }: Pick<Circumstances, 'wrote'>) =>
  wrote ? 'its last lines are above' : 'let it write to standard output or standard error what goes wrong'
const SIGNALS: Readonly<Record<number, string>> = {
  134: 'SIGABRT',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
}
/** Exit statuses of docker run and of shells for a command that could not be started. */
const NOT_STARTED: Readonly<Record<number, string>> = {
  126: 'its command cannot be executed: check the file mode, and that it is built for this processor',
  127: 'its command was not found in the image',
}

function exited(
  { status, outOfMemory, error }: Extract<Ailment, { kind: 'exited' }>,
  circumstances: Circumstances,
) {
  const { memory } = circumstances
  if (outOfMemory) {
    const limit = memory === null ? '' : ` (its limit is ${formatSize(memory)})`
    return {
      problem: `it was ended for want of memory${limit}`,
      hint: 'let it use more, resource:limit --memory, or less',
    }
  }
  const signal = SIGNALS[status] ? ` (${SIGNALS[status]})` : ''
  return {
    problem: `it ended with exit status ${status}${signal}${error === '' ? '' : `: ${error}`}`,
    hint: NOT_STARTED[status] ?? logs(circumstances),
  }
}

/** What is known of an app that does not answer on `port`. */
function closed(port: number, after: number, circumstances: Circumstances): Diagnosis {
  const { app, sockets } = circumstances
  const problem = `nothing listens on port ${port} after ${formatDuration(after)}`
  const listeners = sockets?.filter(({ listens }) => listens)
  if (listeners === undefined)
    return { problem, hint: `let the app listen on the port in $PORT; ${logs(circumstances)}` }
  if (listeners.some((l) => l.port === port && l.loopback)) {
    return {
      problem: `${problem} but for connections from inside the container (127.0.0.1)`,
      hint: 'let the app listen on 0.0.0.0',
    }
  }
  const others = [...new Set(listeners.filter((l) => !l.loopback).map((l) => l.port))]
  if (others.length === 0) {
    return {
      problem: `${problem}, nor on any other`,
      hint: `let the app listen on the port in $PORT; ${logs(circumstances)}`,
    }
  }
  const [first] = others
  const problemAndOthers = `${problem}; the app listens on ${others.join(', ')}`
  if (port !== circumstances.port)
    return {
      problem: problemAndOthers,
      hint: `a port of the host leads there: let the app listen on ${port} too, or ports:remove ${app} <scheme>:<port>:${port}`,
    }
  return {
    problem: problemAndOthers,
    hint: `let it listen on $PORT, or write EXPOSE ${first} in the Dockerfile, or: ports:set ${app} http:<port>:${first}`,
  }
}

const quoted = (output: string) => (output === '' ? '' : `: ${output.slice(-300)}`)

export function diagnose(ailment: Ailment, circumstances: Circumstances): Diagnosis {
  switch (ailment.kind) {
    case 'gone':
      return { problem: 'somebody removed it', hint: '' }
    case 'exited':
      return exited(ailment, circumstances)
    case 'check-failed':
      return {
        problem: `Docker found its HEALTHCHECK failing${quoted(ailment.output)}`,
        hint: logs(circumstances),
      }
    case 'check-late':
      return {
        problem: `its HEALTHCHECK has not succeeded after ${formatDuration(ailment.after)}${quoted(ailment.output)}`,
        hint: logs(circumstances),
      }
    case 'port-closed':
      return closed(ailment.port, ailment.after, circumstances)
  }
}
