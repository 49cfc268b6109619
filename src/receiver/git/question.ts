// What the pre-receive hook asks: the quarantine of the pushed objects, and the refs that are to move.
import { isAbsolute, relative } from 'node:path'
import type { Readable } from 'node:stream'
import type { RefUpdate } from '../push.ts'
import { END_OF_QUESTION, quarantineVariables } from './hooks.ts'

export interface Question {
  /** Empty when the push brings no objects. */
  readonly quarantine: Readonly<Record<string, string>>
  readonly updates: readonly RefUpdate[]
}

/** Refs that one push may move; git puts no limit. */
export const MOST_UPDATES = 10_000
const MOST_BYTES = 4 * 2 ** 20
const LINE_FEED = 0x0a
const END = `\n${END_OF_QUESTION}\n`

/**
 * Reads a question to its last line.
 * @returns undefined when the stream ends or is closed before that: git ended without running its hook
 * @throws Error when it is too long
 */
export function readQuestion(stream: Readable): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const stop = (tell: () => void) => {
      stream.removeListener('data', read).removeListener('close', ended).removeListener('end', ended)
      tell()
    }
    const ended = () => stop(() => resolve(undefined))
    const read = (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > MOST_BYTES)
        return stop(() => reject(new Error(`the hook sent more than ${MOST_BYTES} bytes`)))
      if (chunk.at(-1) !== LINE_FEED) return
      const text = Buffer.concat(chunks).toString()
      if (text.endsWith(END)) stop(() => resolve(text))
    }
    stream.on('data', read).on('close', ended).on('end', ended)
  })
}

// git-check-ref-format(1), as far as it guards what comes after
const REF = String.raw`refs/[^\p{Cc} ~^:?*[\\]{1,1000}`
const ID = '[0-9a-f]{40}|[0-9a-f]{64}'
const UPDATE = new RegExp(`^(${ID}) (${ID}) (${REF})$`, 'u')

/**
 * Checks a question line by line.
 * @param objects real path of the repository's `objects` folder; a quarantine anywhere else is refused
 * @throws Error naming the line
 */
export function parseQuestion(text: string, objects: string): Question {
  const lines = text.split('\n').slice(0, -2)
  const quarantine: Record<string, string> = {}
  for (const name of quarantineVariables) {
    const line = lines.shift() ?? ''
    if (!line.startsWith(`${name}=`)) throw new Error(`the hook sent ${JSON.stringify(line)} for ${name}`)
    const value = line.slice(name.length + 1)
    if (value !== '') quarantine[name] = value
  }
  for (const name of ['GIT_QUARANTINE_PATH', 'GIT_OBJECT_DIRECTORY']) {
    const path = quarantine[name]
    if (path !== undefined && !isBelow(path, objects)) throw new Error(`${name} is ${JSON.stringify(path)}`)
  }
  if (lines.length > MOST_UPDATES) throw new Error(`${lines.length} refs are more than ${MOST_UPDATES}`)
  const updates = lines.map((line) => {
    const [, from, to, ref] = UPDATE.exec(line) ?? []
    if (from === undefined || to === undefined || ref === undefined)
      throw new Error(`the hook sent the ref update ${JSON.stringify(line.slice(0, 200))}`)
    return { ref, from, to }
  })
  return { quarantine, updates }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return isAbsolute(path) && way !== '' && !isAbsolute(way) && way.split('/')[0] !== '..'
}
