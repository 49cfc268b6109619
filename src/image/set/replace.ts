// A finished set in the place of the one before.
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../../host/files/write.ts'
import { isMissing } from './missing.ts'

/**
 * Puts a finished folder where another one may be. After a power cut there is the old one, the new one, or, between
 * two renames, none under its name: then the next compile makes it anew.
 */
export async function replaceFolder(made: string, output: string): Promise<void> {
  const old = `${output}.old`
  await rm(old, { recursive: true, force: true })
  try {
    await rename(output, old)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  await rename(made, output)
  await syncFolder(dirname(output))
  await rm(old, { recursive: true, force: true })
}
