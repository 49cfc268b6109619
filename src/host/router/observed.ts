// What HAProxy says of itself, read from its answers (management.txt, section 9.3). Pure.
import { failure } from '../../core/errors.ts'

/** The master and its workers. */
export interface Processes {
  readonly master: {
    readonly pid: number
    readonly reloads: number
    readonly failed: boolean
    readonly version: string
  }
  /** The worker that listens; null while there is none. */
  readonly current: number | null
  /** Milliseconds since the current worker took over. */
  readonly uptime: number
  /** Workers of before a reload that finish what they have open. */
  readonly old: readonly number[]
}

/** Reads `show proc`. @throws router-failed */
export function parseProcesses(answer: string): Processes {
  const master = /^(\d+)\s+master\s+(\d+)\s+\[failed:\s*(\d+)\]\s+\S+\s+(\S+)/m.exec(answer)
  if (!master) throw unreadable('show proc', answer)
  const [currentPart = '', oldPart = ''] = answer.split(/^# old workers$/m)
  const workers = (part: string) => [...part.matchAll(/^(\d+)\s+worker\s/gm)].map((match) => Number(match[1]))
  const [current = null, ...rest] = workers(currentPart)
  return {
    master: {
      pid: Number(master[1]),
      reloads: Number(master[2]),
      failed: master[3] !== '0',
      version: master[4] ?? '',
    },
    current,
    uptime: parseUptime(currentPart),
    old: [...rest, ...workers(oldPart)],
  }
}

/** Of the first worker: `0d00h01m12s` after its number of reloads. */
function parseUptime(answer: string): number {
  const [, days, hours, minutes, seconds] = /\sworker\s+\d+\s+(\d+)d(\d+)h(\d+)m(\d+)s/.exec(answer) ?? []
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 || 0
}

/** The fingerprint that our configuration carries as description, from `show info`; null for another's. */
export const parseFingerprint = (answer: string): string | null =>
  /^description: crew-([0-9a-f]+)$/m.exec(answer)?.[1] ?? null

export interface ObservedServer {
  readonly backend: string
  readonly name: string
  readonly address: string
  readonly port: number
  /** Takes new requests: neither draining nor in maintenance. */
  readonly ready: boolean
}

/** Reads `show servers state`. @throws router-failed */
export function parseServers(answer: string): ObservedServer[] {
  const lines = answer.split('\n')
  const columns = lines[1]?.split(' ').slice(1) ?? []
  if (lines[0] !== '1' || !columns.includes('srv_port')) throw unreadable('show servers state', answer)
  return lines
    .slice(2)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const words = line.split(' ')
      const of = (column: string) => words[columns.indexOf(column)] ?? ''
      return {
        backend: of('be_name'),
        name: of('srv_name'),
        address: of('srv_addr'),
        port: Number(of('srv_port')),
        ready: of('srv_admin_state') === '0',
      }
    })
}

/** Reads `show map <file>`: `<address in memory> <key> <value>` on each line. */
export function parseMap(answer: string): Map<string, string> {
  const entries = answer.split('\n').filter((line) => line.startsWith('0x'))
  return new Map(entries.map((line) => line.split(' ')).map(([, key = '', value = '']) => [key, value]))
}

/** Reads `show backend`. */
export const parseBackends = (answer: string): Set<string> =>
  new Set(answer.split('\n').filter((line) => line !== '' && !line.startsWith('#')))

/** Reads `show stat`: number of sessions each line has now, by `<proxy>/<server>`. @throws router-failed */
export function parseSessions(answer: string): Map<string, number> {
  const [head = '', ...lines] = answer.split('\n').filter((line) => line !== '')
  const column = head.split(',').indexOf('scur')
  if (!head.startsWith('# pxname,svname,') || column < 0) throw unreadable('show stat', answer)
  return new Map(
    lines.map((line) => {
      const fields = line.split(',')
      return [`${fields[0]}/${fields[1]}`, Number(fields[column])]
    }),
  )
}

/** Reads `show sess`: ids of the sessions that a server has, by `<backend>/<server>`. */
export function parseSessionIds(answer: string): Map<string, string[]> {
  const ids = new Map<string, string[]>()
  for (const [, id = '', backend, server] of answer.matchAll(/^(0x[0-9a-f]+): .* be=(\S+) srv=(\S+) /gm)) {
    const key = `${backend}/${server}`
    ids.set(key, [...(ids.get(key) ?? []), id])
  }
  return ids
}

/** Ports that a running HAProxy listens on, from the names of its frontends (config.ts) in `show stat`. */
export const parsePorts = (answer: string): Set<number> =>
  new Set([...answer.matchAll(/^(?:http|port)\.(\d+),FRONTEND,/gm)].map((match) => Number(match[1])))

const unreadable = (command: string, answer: string) =>
  failure('router-failed', {
    problem: `unexpected answer to ${command}: ${answer.trim().slice(0, 200) || 'nothing'}`,
  })
