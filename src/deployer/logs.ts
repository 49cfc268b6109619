// The logs of an app: what its containers write, each line told apart by its process, in the order of time.
import { failure } from '../core/errors.ts'
import { printable } from '../core/report.ts'
import type { Engine } from '../host/docker/engine.ts'
import { containerStarts } from '../host/docker/events.ts'
import { type LogLine, type LogOptions, logLines } from '../host/docker/logs.ts'
import { slotName } from './formation.ts'
import type { Observed } from './observe.ts'

export interface LogRequest {
  readonly follow: boolean
  /** Newest lines of each container to begin with. */
  readonly lines: number
  /** `web` or `web.1`; all when there is none. */
  readonly process?: string | undefined
}

export interface LogSource {
  readonly engine: Engine
  /** Labels of every container of the app, also of those to come. */
  readonly labels: readonly string[]
  /** Those that are the app's now. */
  readonly current: () => Promise<readonly Observed[]>
}

/** Writes text; a promise holds the stream back until it resolves. */
export type Write = (text: string) => unknown

/** Dokku's form: time, `app[web.1]:`, line. */
const format = (container: Observed, { time, text }: LogLine) =>
  `${time} app[${slotName(container)}]: ${printable(text)}\n`

/** Whether a container is of the process that was asked for: `web`, or `web.1`. */
const isOf = (process: string | undefined) => (container: Observed) =>
  process === undefined || container.type === process || slotName(container) === process

/** The newest lines of each container, merged by time. One line of each is in memory. */
async function writeMerged(
  engine: Engine,
  containers: readonly Observed[],
  lines: number,
  write: Write,
  signal: AbortSignal,
): Promise<void> {
  const streams = containers.map((container) => {
    const iterator = logLines(engine, container.id, { tail: lines, follow: false }, signal)
    return { container, iterator }
  })
  try {
    const heads = await Promise.all(streams.map(async (s) => ({ ...s, head: await s.iterator.next() })))
    for (;;) {
      const oldest = heads
        .flatMap((h) => (h.head.done ? [] : [{ from: h, line: h.head.value }]))
        .reduce<{ from: (typeof heads)[number]; line: LogLine } | undefined>(
          (a, b) => (a && a.line.time <= b.line.time ? a : b),
          undefined,
        )
      if (!oldest) return
      await write(format(oldest.from.container, oldest.line))
      oldest.from.head = await oldest.from.iterator.next()
    }
  } finally {
    await Promise.allSettled(streams.map(({ iterator }) => iterator.return(undefined)))
  }
}

/** Goes on until `signal` fires or the engine stops, through restarts and deploys: containers join as they start. */
async function writeFollowing(
  { engine, labels, current }: LogSource,
  lines: number,
  write: Write,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Map<string, Promise<void>>()
  const follow = (container: Observed, options: Pick<LogOptions, 'tail' | 'since'>) => {
    const { id } = container
    const before = followed.get(id) ?? Promise.resolve()
    const reading = before.then(async () => {
      for await (const line of logLines(engine, id, { ...options, follow: true }, signal))
        await write(format(container, line))
    })
    // a stream that breaks ends with its container; the engine's events tell when the engine itself is gone
    followed.set(
      id,
      reading.catch(() => {}),
    )
  }
  try {
    const starts = containerStarts(engine, labels, signal)
    // the events come first, so that no container starts unseen in between
    let next = starts.next()
    next.catch(() => {})
    for (const container of await current()) follow(container, { tail: lines })
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = starts.next()
      next.catch(() => {})
      const container = (await current()).find(({ id }) => id === value.id)
      if (container) follow(container, { tail: 'all', since: value.time })
    }
  } finally {
    await Promise.allSettled(followed.values())
  }
}

/** See Deployer.logs. @throws not-found, canceled, engine-unreachable */
export async function writeLogs(
  source: LogSource,
  { follow, lines, process }: LogRequest,
  write: Write,
  signal: AbortSignal,
): Promise<void> {
  const current = async () => (await source.current()).filter(isOf(process))
  const containers = await current()
  if (process !== undefined && containers.length === 0) {
    const hint = 'ps:report shows what runs'
    throw failure('not-found', { what: 'process', name: JSON.stringify(process), hint })
  }
  if (follow) await writeFollowing({ ...source, current }, lines, write, signal)
  else await writeMerged(source.engine, containers, lines, write, signal)
}
