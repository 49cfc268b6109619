// Configures a workspace: joins its layers, plans what must be made anew, writes both down.
import { assemblerOf } from '../assemblers.ts'
import { type Layers, mergeLayers } from '../layers/layers.ts'
import { targetOfOption } from '../settings.ts'
import { readOutput } from './manifest.ts'
import { observe } from './observe.ts'
import { type Opened, resolveWorkspace } from './open.ts'
import { plan, type State, type Step } from './plan.ts'
import { type WorkspaceRecord, writeRecord } from './record.ts'
import { type Workspace, workspacePaths } from './workspace.ts'
import { writeConfig } from './written.ts'

/** A workspace as it would be now; nothing was written. */
export interface Seen {
  readonly workspace: Workspace
  readonly layers: Layers
  readonly state: State
  readonly steps: readonly Step[]
}

/** @throws what resolveWorkspace, mergeLayers and observe throw; not-found for an unknown assembler */
export async function look(opened: Opened, signal: AbortSignal): Promise<Seen> {
  const { record, options } = opened
  const { reads } = assemblerOf(options.SKIFF_ASSEMBLER ?? '')
  const workspace = await resolveWorkspace(opened)
  const layers = await mergeLayers(workspace.chain.packages)
  const state = await observe(workspace.chain, layers, options, signal)
  const found = record?.compiled ? await readOutput(workspace.output) : undefined
  const output = typeof found === 'string' ? found : undefined
  const steps = plan(
    { compiled: record?.compiled, attempted: record?.attempted },
    { state, output },
    { reads, targetOfOption },
  )
  return { workspace, layers, state, steps }
}

/** What the workspace will remember of what it was told. */
export const recordOf = (opened: Opened, { workspace, state }: Seen): WorkspaceRecord => ({
  asked: workspace.chain.asked,
  extra: opened.extra,
  options: opened.options,
  configured: state,
  compiled: opened.record?.compiled,
  attempted: opened.record?.attempted,
})

/**
 * Writes config/ and then the record, each file whole: cut short, the old record stands, and the next run writes anew.
 * @returns names of the files of config/ that were written
 */
export async function writeDown(opened: Opened, seen: Seen): Promise<string[]> {
  const written = await writeConfig(seen.workspace, seen.layers)
  await writeRecord(workspacePaths(opened.folder).state, recordOf(opened, seen))
  return written
}
