// One daemon per root: a lock that the kernel lets go of when its holder dies, however it dies.
import { DatabaseSync } from 'node:sqlite'

/**
 * Takes the lock of a file. SQLite's exclusive transaction is an fcntl(2) lock, which no crash leaves behind.
 * @returns undefined when another process has it; else dispose of it to let go
 */
export function takeLock(path: string): Disposable | undefined {
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch {
    db.close()
    return undefined
  }
  return { [Symbol.dispose]: () => db.close() }
}
