// What the commands work with: the daemon's parts, each as narrow as the commands need it.

import type { BuildPlaces } from '../builder/build-places.ts'
import type { Scratch } from '../builder/scratch/scratch.ts'
import type { Paths } from '../config/paths.ts'
import type { Settings } from '../config/settings.ts'
import type { App } from '../core/app.ts'
import type { Deployer } from '../deployer/deployer.ts'
import type { Credentials } from '../host/registry/credentials.ts'
import type { Store } from '../host/store/store.ts'
import type { Pipeline } from '../pipeline-port.ts'

export interface DaemonInfo {
  readonly version: string
  readonly root: string
  readonly ssh: { readonly host: string; readonly port: number }
  /** `http` is the router's own URL. */
  readonly router: { readonly http: string }
  /** Null when the engine does not answer. */
  readonly engine: { readonly version: string; readonly platform: string } | null
  readonly startedAt: string
  readonly pid: number
  /** Resident bytes. */
  readonly memory: number
}

export interface ParsedKey {
  /** `<type> <base64>`. */
  readonly publicKey: string
  /** SHA256:… */
  readonly fingerprint: string
  readonly comment: string
}

export interface Context {
  readonly settings: Settings
  readonly paths: Paths
  readonly store: Store
  readonly pipeline: Omit<Pipeline, 'push' | 'settled'>
  readonly deployer: Pick<Deployer, 'status' | 'statuses' | 'logs'>
  readonly places: Pick<BuildPlaces, 'at'>
  /** Makes images from scratch; loaded when it is first asked for. */
  readonly scratch: () => Promise<Scratch>
  /** Where an app answers, the best address first; none when it has no web process. */
  readonly urls: (app: App) => string[]
  readonly daemon: { info(): Promise<DaemonInfo> }
  /** To be called when keys came or went: others have a copy of the list. */
  readonly keysChanged: () => Promise<void>
  /** @throws value-invalid */
  readonly parsePublicKey: (text: string) => ParsedKey
  /** Logs in at a registry. @throws registry-refused, engine-unreachable, canceled */
  readonly checkLogin: (registry: string, credentials: Credentials, signal: AbortSignal) => Promise<void>
  /** Told of an error that no person caused, with its stack. */
  readonly onFault?: (error: unknown) => void
}
