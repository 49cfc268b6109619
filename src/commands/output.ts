// Writing to whoever asked: never faster than they read, never more than a bounded amount ahead of them.
import type { Writable } from 'node:stream'
import { failure } from '../core/errors.ts'
import { type Report, reportTo } from '../core/report.ts'

/** Progress that a reader has not taken yet; what comes on top is left out. */
const MOST_UNREAD = 2 ** 20

/**
 * A write that resolves when the stream can take more; writers at the same time wait together.
 * @throws canceled when the reader is gone or `signal` fires
 */
export function writerTo(stream: Writable, signal: AbortSignal): (text: string) => Promise<void> {
  const gone = () => failure('canceled', { what: 'the command' })
  let draining: Promise<void> | undefined
  const drain = async () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => reject(gone())
    stream.once('drain', resolve).once('close', leave).once('error', leave)
    signal.addEventListener('abort', leave, { once: true })
    try {
      await promise
    } finally {
      stream.off('drain', resolve).off('close', leave).off('error', leave)
      signal.removeEventListener('abort', leave)
      draining = undefined
    }
  }
  return async (text) => {
    while (draining) await draining
    if (signal.aborted || stream.destroyed) throw gone()
    if (text === '' || stream.write(text)) return
    draining = drain()
    await draining
  }
}

/**
 * A report for work that does not wait for its reader: lines a slow reader cannot take are left out, and the
 * next one that fits says how many.
 */
export function reportOn(stream: Writable, mostUnread = MOST_UNREAD): Report {
  let left = 0
  return reportTo((text) => {
    if (stream.destroyed || stream.writableEnded) return
    if (stream.writableLength > mostUnread) {
      left++
      return
    }
    const note = left === 0 ? '' : ` !     ${left} lines left out: they came faster than they were read\n`
    left = 0
    stream.write(note + text)
  })
}
