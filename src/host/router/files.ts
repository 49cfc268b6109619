// The router's folder: what HAProxy reads, what a start of it needs, and its bounded log.
import { mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, messageOf } from '../../core/errors.ts'
import { writeWhole } from '../files/write.ts'
import { MAP_FILE, type RouterConfig } from './config.ts'
import type { Routes } from './routes.ts'

const MAX_LOG = 256 * 1024
/** sun_path has 108 bytes, and HAProxy binds to `<path>.<pid>.tmp` first (unix(7)). */
const LONGEST_SOCKET = 92

export function filesOf(folder: string) {
  return {
    folder,
    /** The configuration HAProxy was started with, and reads again in a reload. */
    config: join(folder, 'haproxy.cfg'),
    map: join(folder, MAP_FILE),
    /** A configuration that HAProxy has yet to accept. */
    candidate: join(folder, 'new.cfg'),
    /** The routes that were last set, from which a start writes the two above. */
    routes: join(folder, 'routes.json'),
    socket: join(folder, 'master.sock'),
    log: join(folder, 'haproxy.log'),
  }
}

export type RouterFiles = ReturnType<typeof filesOf>

/** Makes the folder. @throws router-failed when HAProxy could not be told of it on its command line */
export async function prepareFolder({ folder, socket }: RouterFiles): Promise<void> {
  // commas separate the options of -S
  if (!/^[\w./@+~:-]+$/.test(folder) || Buffer.byteLength(socket) > LONGEST_SOCKET)
    throw failure('router-failed', {
      problem: `the folder ${JSON.stringify(folder)} must be made of letters, digits and ._-/ and be shorter than ${LONGEST_SOCKET - 11} characters; the setting root says where it is`,
    })
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

/** What HAProxy reads: configuration and map. */
export interface ConfigFiles {
  readonly text: string
  readonly map: string
}

/** Not synced to the disk: after a power cut a start writes both again. */
export async function writeConfig(files: RouterFiles, { text, map }: ConfigFiles): Promise<void> {
  await replace(files.map, map)
  await replace(files.config, text)
}

/** @returns null before the first `writeConfig` */
export async function readConfig(files: RouterFiles): Promise<ConfigFiles | null> {
  const [text, map] = await Promise.all([files.config, files.map].map((file) => readIfThere(file)))
  return typeof text === 'string' && typeof map === 'string' ? { text, map } : null
}

/** Runs `use` with the configuration in a file of its own, which is gone afterwards. */
export async function withCandidate(
  files: RouterFiles,
  config: RouterConfig,
  use: (file: string) => Promise<void>,
): Promise<void> {
  try {
    await writeFile(files.candidate, config.text, { mode: 0o600 })
    await use(files.candidate)
  } finally {
    await rm(files.candidate, { force: true })
  }
}

/** Keeps the routes for the next start, so that apps answer before the daemon has looked around. */
export async function keepRoutes(files: RouterFiles, routes: Routes): Promise<void> {
  const text = JSON.stringify(routes)
  if ((await readIfThere(files.routes)) !== text) await writeWhole(files.routes, text)
}

/** @returns null when none were kept; who reads them checks them (topology.ts) @throws when it is no JSON */
export async function keptRoutes(files: RouterFiles): Promise<Routes | null> {
  const text = await readIfThere(files.routes)
  return text === null ? null : (JSON.parse(text) as Routes)
}

/** HAProxy notes each command it gets: the log is emptied when it has grown, or always with `limit` 0. */
export async function clearLog(files: RouterFiles, limit = MAX_LOG): Promise<void> {
  const log = await open(files.log, 'a', 0o600)
  try {
    if ((await log.stat()).size > limit) await truncate(files.log)
  } finally {
    await log.close()
  }
}

/** What HAProxy wrote since the log was emptied. */
export const readLog = async (files: RouterFiles) => (await readIfThere(files.log)) ?? ''

async function replace(file: string, content: string): Promise<void> {
  if ((await readIfThere(file)) === content) return
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw failure('router-failed', { problem: messageOf(error) }, error)
  }
}
