// What packages put into the engine image besides the distribution's packages: `hooks/engine.sh <folder>` of each
// fills a folder, which is laid over the rest. Later packages win.
import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import type { Entry, Tree } from '../../host/archive/entry.ts'
import { runOrThrow } from '../../host/process/run.ts'
import type { Layers } from './lists.ts'
import { readFolder } from './overlay.ts'

const LIMIT = 10 * 60_000

export interface EngineHookOptions {
  /** Folder for what they make. */
  readonly work: string
  /** As Debian calls it; the hooks find it in SKIFF_ARCHITECTURE. */
  readonly architecture: string
  readonly line: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * Runs the hooks of a chain.
 * @throws package-invalid for a hook that cannot be run, or that leaves something outside of usr/, process-failed,
 *   timed-out, canceled
 */
export async function engineOverlay(layers: Layers, options: EngineHookOptions): Promise<Tree> {
  const tree = new Map<string, Entry>()
  const folder = join(options.work, 'engine-overlay')
  for (const { name, path } of layers.packages) {
    const hook = join(path, 'hooks/engine.sh')
    if (!(await isThere(hook))) continue
    const own = join(folder, name)
    await mkdir(own, { recursive: true })
    options.line(`${name} adds its own`)
    const env = { ...process.env, SKIFF_ARCHITECTURE: options.architecture }
    await runOrThrow(hook, [own], { cwd: path, env, signal: options.signal, timeout: LIMIT })
    await readFolder(own, tree)
  }
  for (const [path, { kind }] of tree)
    if (!path.startsWith('usr/') && !(path === 'usr' && kind === 'folder'))
      throw failure('package-invalid', {
        file: 'hooks/engine.sh',
        problem: `${path} is not below usr/, where the engine image is laid`,
      })
  return new Map([...tree].filter(([, { kind }]) => kind !== 'folder'))
}

async function isThere(hook: string): Promise<boolean> {
  try {
    await access(hook, constants.X_OK)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    if (code === 'EACCES')
      throw failure('package-invalid', { file: hook, problem: 'it may not be run; chmod +x' }, error)
    throw error
  }
}
