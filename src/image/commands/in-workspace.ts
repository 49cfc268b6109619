// Working in a workspace: alone, and only when its chain is good.
import type { Context } from '../context.ts'
import { lockWorkspace, type Opened, openWorkspace, resolveWorkspace } from '../workspace/open.ts'

/**
 * Holds the lock of the workspace while it is worked in. A mistake in the chain is found before anything is made.
 * @throws workspace-busy, and what opening a workspace throws
 */
export async function inWorkspace<T>(context: Context, work: (opened: Opened) => Promise<T>): Promise<T> {
  const opened = await openWorkspace(context)
  await resolveWorkspace(opened)
  using _lock = await lockWorkspace(opened)
  // again: another one may have worked in it until now
  return await work(await openWorkspace(context))
}
