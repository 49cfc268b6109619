// Whether a new container is healthy: what is asked, how often, and what it means when the answer is no.

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Properties } from '../config/properties.ts'
import { failure, isFailure } from '../core/errors.ts'
import type { ContainerDetails, Containers } from '../host/docker/containers.ts'
import { hasImageCheck } from './container-spec.ts'
import type { Slot } from './formation.ts'

/** How a container shows that it is healthy. */
export type Check =
  /** The image's HEALTHCHECK; `command` is what it runs. */
  | { readonly kind: 'image'; readonly command: readonly string[] }
  /** A TCP connection to each of these ports. */
  | { readonly kind: 'tcp'; readonly ports: readonly number[] }
  /** It stays up this long, in milliseconds. */
  | { readonly kind: 'uptime'; readonly duration: number }

/** Why a container is not healthy. */
export type Ailment =
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'exited'
      readonly status: number
      readonly outOfMemory: boolean
      readonly error: string
    }
  | { readonly kind: 'check-failed'; readonly output: string }
  | { readonly kind: 'port-closed'; readonly port: number; readonly after: number; readonly pid: number }
  | { readonly kind: 'check-late'; readonly output: string; readonly after: number }

export type Pace = Pick<Properties, 'checks.attempts' | 'checks.wait' | 'checks.timeout'>

/** Pause before the second check; it doubles until it is `checks.wait`, so that what is quick is live quickly. */
const FIRST_PAUSE = 10
/** How often a container that only has to stay up is looked at. */
const UPTIME_PAUSE = 250

/**
 * Which check a container gets.
 * @param healthcheck Test of the image's HEALTHCHECK: [NONE], [CMD, …words] or [CMD-SHELL, line]
 */
export function checkFor(
  slot: Slot,
  healthcheck: readonly string[] | undefined,
  ports: readonly number[],
  uptime: number,
): Check {
  const [kind, ...words] = hasImageCheck(slot) ? (healthcheck ?? []) : []
  if (kind === 'CMD') return { kind: 'image', command: words }
  if (kind === 'CMD-SHELL') return { kind: 'image', command: ['/bin/sh', '-c', ...words] }
  if (slot.type === 'web' && ports.length > 0) return { kind: 'tcp', ports }
  return { kind: 'uptime', duration: uptime }
}

/** What a look at the container alone tells. @returns undefined while it runs and nothing is wrong */
export function ailmentOf(info: ContainerDetails | undefined): Ailment | undefined {
  if (info === undefined) return { kind: 'gone' }
  const { State: state } = info
  if (!state.Running || state.Restarting || info.RestartCount > 0) {
    return { kind: 'exited', status: state.ExitCode, outOfMemory: state.OOMKilled, error: state.Error }
  }
  if (state.Health?.Status !== 'unhealthy') return undefined
  return { kind: 'check-failed', output: state.Health.Log?.at(-1)?.Output.trim() ?? '' }
}

/** @returns whether something accepts connections there; false also when nothing answers within `limit` ms */
function accepts(host: string, port: number, limit: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limit, signal })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end(true))
    socket.on('timeout', () => end(false))
    socket.on('error', () => end(false))
  })
}

interface Candidate {
  readonly id: string
  readonly address: string
}

type Answer =
  | { readonly healthy: true }
  | { readonly healthy: false; readonly ailment: (after: number) => Ailment }
const HEALTHY: Answer = { healthy: true }

/** Asks once. */
type Probe = (info: ContainerDetails, signal: AbortSignal) => Promise<Answer>

function tcpProbe({ address }: Candidate, ports: readonly number[], limit: number): Probe {
  return async ({ State: { Pid: pid } }, signal) => {
    for (const port of ports) {
      if (!(await accepts(address, port, limit, signal)))
        return { healthy: false, ailment: (after) => ({ kind: 'port-closed', port, after, pid }) }
    }
    return HEALTHY
  }
}

/**
 * Docker first runs a HEALTHCHECK when its interval has passed, 30 s by default. So its command is run here too,
 * at the pace of the other checks, and whichever is the first to say healthy counts. One that does not end in
 * time is left to Docker from then on, since the engine cannot end it.
 */
function imageProbe(
  containers: Containers,
  { id }: Candidate,
  command: readonly string[],
  limit: number,
): Probe {
  let output = ''
  let hangs = false
  return async (info, signal) => {
    if (info.State.Health?.Status === 'healthy') return HEALTHY
    if (!hangs) {
      try {
        const result = await containers.exec(id, command, limit, signal)
        if (result.status === 0) return HEALTHY
        output = result.output.trim()
      } catch (error) {
        // that the container ended in the middle shows in the next look at it
        if (signal.aborted) throw error
        hangs = isFailure(error, 'engine-unreachable')
        if (hangs) output = `the HEALTHCHECK command did not end within ${limit / 1000} s`
      }
    }
    return { healthy: false, ailment: (after) => ({ kind: 'check-late', output, after }) }
  }
}

/**
 * Waits until a container that was just started is healthy.
 * @returns undefined when it is, else why not: at once when it ended, or when `checks.attempts` checks
 * `checks.wait` apart have failed
 * @throws canceled, engine-unreachable
 */
export async function waitUntilHealthy(
  containers: Containers,
  candidate: Candidate,
  check: Check,
  pace: Pace,
  signal: AbortSignal,
): Promise<Ailment | undefined> {
  const began = performance.now()
  const elapsed = () => performance.now() - began
  const { 'checks.attempts': attempts, 'checks.wait': wait, 'checks.timeout': limit } = pace
  const probe =
    check.kind === 'tcp'
      ? tcpProbe(candidate, check.ports, limit)
      : check.kind === 'image'
        ? imageProbe(containers, candidate, check.command, limit)
        : undefined
  for (let tries = 1; ; tries++) {
    const info = await containers.inspect(candidate.id, signal)
    const ailment = ailmentOf(info)
    if (ailment || !info) return ailment
    if (probe) {
      const answer = await probe(info, signal)
      if (answer.healthy) return undefined
      if (tries >= attempts && elapsed() >= (attempts - 1) * wait) return answer.ailment(elapsed())
    } else if (check.kind === 'uptime' && elapsed() >= check.duration) return undefined
    const pause = probe ? Math.min(FIRST_PAUSE * 2 ** (tries - 1), wait) : UPTIME_PAUSE
    await rest(pause, signal)
  }
}

async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw failure('canceled', { what: 'the health check' })
  })
}
