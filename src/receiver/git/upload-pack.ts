// Serves clone, fetch and archive: git reads the repository, the client gets what it says.
import { startGit } from '../../host/git/child.ts'
import type { Session } from '../session.ts'
import { serviceArguments, serviceEnvironment } from './arguments.ts'
import { carry, feed, pipeOf } from './pipes.ts'
import type { GitServiceName } from './request.ts'

export interface ServiceRun {
  readonly repository: string
  readonly session: Session
  readonly hooks: string
  readonly maxSize: number
}

/** Runs a reading service to its end. @returns git's exit status */
export async function uploadPack(run: ServiceRun & { readonly service: GitServiceName }): Promise<number> {
  const { session } = run
  await using child = startGit(serviceArguments(run), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: serviceEnvironment(session),
  })
  const end = () => child.terminate()
  if (session.signal.aborted) end()
  session.signal.addEventListener('abort', end)
  feed(child.process, session)
  const carried = [
    carry(pipeOf(child.process, 1), session.stdout, session.signal),
    carry(pipeOf(child.process, 2), session.stderr, session.signal),
  ]
  try {
    const status = await child.exited
    for (const rest of carried) await rest()
    return status
  } finally {
    session.signal.removeEventListener('abort', end)
  }
}
