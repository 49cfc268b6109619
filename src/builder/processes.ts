// What a built image runs: its process types, and the port of its web process.
import type { ProcessType } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { parseProcfile } from '../core/procfile.ts'

/** Dokku's, for a web process whose image exposes nothing. */
const DEFAULT_PORT = 5000

export interface Runnable {
  /** Whether the image says by itself what to run. */
  readonly hasCommand: boolean
  /** TCP ports it exposes, lowest first. */
  readonly tcpPorts: readonly number[]
}

/**
 * Process types of the Procfile where there is one, else the image's own command: web if the image exposes a
 * TCP port, worker if not.
 * @param procfile its text; undefined when the commit has none
 * @returns the types, and the port that the web process is told to listen on, null without one
 * @throws procfile-invalid, command-missing
 */
export function processesOf(
  image: Runnable,
  procfile: string | undefined,
): { processes: ProcessType[]; port: number | null } {
  const [lowest] = image.tcpPorts
  const declared = procfile === undefined ? [] : parseProcfile(procfile)
  if (declared.length === 0 && !image.hasCommand) throw failure('command-missing', {})
  const processes =
    declared.length > 0 ? declared : [{ type: lowest === undefined ? 'worker' : 'web', command: null }]
  const web = processes.some(({ type }) => type === 'web')
  return { processes, port: web ? (lowest ?? DEFAULT_PORT) : null }
}
