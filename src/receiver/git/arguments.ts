// How the git processes that serve a client are started. -c beats every configuration file on the machine.
import type { Session } from '../session.ts'
import type { GitServiceName } from './request.ts'

export interface ServiceArguments {
  readonly service: GitServiceName
  readonly repository: string
  /** Folder of the pre-receive hook. */
  readonly hooks: string
  /** Largest pack in bytes. */
  readonly maxSize: number
}

export function serviceArguments({ service, repository, hooks, maxSize }: ServiceArguments): string[] {
  const config = {
    // a root whose folders belong to somebody else is still ours: we were started on it
    'safe.directory': repository,
    'gc.auto': 0,
    'maintenance.auto': false,
    ...(service === 'git-receive-pack' && receiving(hooks, maxSize)),
  }
  const flags = Object.entries(config).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  return [...flags, service.replace(/^git-/, ''), repository]
}

const receiving = (hooks: string, maxSize: number) => ({
  'core.hooksPath': hooks,
  'receive.fsckObjects': true,
  'receive.maxInputSize': maxSize,
  // a force push deploys as on Dokku; what may be deleted is the pipeline's matter
  'receive.denyNonFastForwards': false,
  'receive.denyDeletes': false,
  'receive.denyDeleteCurrent': 'ignore',
  'receive.advertisePushOptions': false,
  'receive.autogc': false,
  'receive.updateServerInfo': false,
  // what was accepted is on disk when the pusher reads so
  'core.fsync': 'committed,reference',
  'core.fsyncMethod': 'batch',
})

/** What git learns of the client: the protocol version it asked for. */
export const serviceEnvironment = ({ gitProtocol }: Session): Record<string, string> =>
  gitProtocol === undefined ? {} : { GIT_PROTOCOL: gitProtocol }
