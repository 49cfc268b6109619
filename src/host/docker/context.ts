// A build context: the files of a tree as the tar stream that the engine builds from.
import type { Readable } from 'node:stream'
import tarFs from 'tar-fs'
import tarStream, { type Header } from 'tar-stream'
import type { TreeFiles } from '../git/tree-files.ts'

/** What to do with a path: send it, leave it out with all inside, or leave it out but look inside. */
export type Selection = 'send' | 'omit' | 'look-inside'

export interface Context {
  readonly stream: Readable
  /** Bytes of the tar that were read so far. */
  sent(): number
}

/**
 * Streams the files of a tree as a tar. Nothing is read before the stream is; destroying it stops the reading.
 * @param select decides for each path inside the tree; a folder's comes before its content's
 */
export function packContext(files: TreeFiles, select: (path: string) => Selection): Context {
  const withoutHeader = new Set<string>()
  const pack = tarStream.pack()
  const entry = pack.entry.bind(pack) as (header: Header, done?: (error?: Error | null) => void) => unknown
  // tar-fs writes a header for each folder it enters; one that is only looked into must have none
  pack.entry = ((header: Header, done?: (error?: Error | null) => void) => {
    if (!withoutHeader.delete(header.name)) return entry(header, done)
    done?.()
  }) as typeof pack.entry
  let sent = 0
  const push = pack.push.bind(pack)
  pack.push = (chunk: Buffer | null) => {
    sent += chunk?.length ?? 0
    return push(chunk)
  }
  const options = {
    fs: files,
    pack,
    umask: 0,
    ignore: (path: string) => {
      const inside = files.inside(path)
      const selection = select(inside)
      if (selection === 'send') return false
      if (selection === 'look-inside' && files.isFolder(inside)) {
        withoutHeader.add(inside)
        return false
      }
      files.forget(inside)
      return true
    },
  }
  return { stream: tarFs.pack(files.root, options) as unknown as Readable, sent: () => sent }
}

/** A context of one file. */
export function packFile(name: string, content: string): Context {
  const pack = tarStream.pack()
  pack.entry({ name }, content)
  pack.finalize()
  return { stream: pack as unknown as Readable, sent: () => 0 }
}
