// Named places at which a test may have the daemon killed, to see what is found at the next start.

/** Every place, in the order in which a deploy passes them. test/engine/crash.test.ts visits them all. */
export const failpoints = [
  'push-received',
  'release-written',
  'build-started',
  'build-finished',
  'release-built',
  'container-created',
  'container-started',
  'containers-healthy',
  'routes-set',
  'release-live',
  'old-drained',
  'old-stopped',
  'old-removed',
  'deploy-finished',
] as const

/** The one in the making of base images: an image is on the engine, and nothing says so yet. */
export const BASE_MADE = 'base-made'

export type Failpoint = (typeof failpoints)[number] | typeof BASE_MADE

/** Ends the process as a power cut would when CREW_FAILPOINT names this place; else does nothing. */
export function failpoint(name: Failpoint): void {
  if (process.env.CREW_FAILPOINT === name) process.kill(process.pid, 'SIGKILL')
}
