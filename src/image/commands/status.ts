// skiff status: the workspace's chain, whether it is compiled, and what changed since.

import { formatSize } from '../../core/units.ts'
import { look } from '../workspace/configure.ts'
import { readOutput } from '../workspace/manifest.ts'
import { type Opened, openWorkspace } from '../workspace/open.ts'
import { workspacePaths } from '../workspace/workspace.ts'
import { type ImageCommand, json, jsonOption } from './command.ts'

/** What there is to say of a workspace. */
export interface Status {
  readonly workspace: string
  readonly folder: string
  readonly asked: readonly string[]
  readonly remembered: boolean
  readonly chain: readonly string[]
  readonly options: Readonly<Record<string, string>>
  /** Targets that a compile would make anew. */
  readonly anew: readonly string[]
  /** Sum of the set in bytes, or why there is none. */
  readonly output: number | string
}

export async function statusOf(opened: Opened, signal: AbortSignal): Promise<Status> {
  const { name, folder, asked = [], remembered, options } = opened
  const found = await readOutput(workspacePaths(folder).output)
  const output = typeof found === 'string' ? found : found.files.reduce((sum, { size }) => sum + size, 0)
  const known = { workspace: name, folder, asked, remembered, options, output }
  if (asked.length === 0) return { ...known, chain: [], anew: [] }
  const { workspace, steps } = await look(opened, signal)
  return {
    ...known,
    chain: workspace.chain.packages.map(({ name }) => name),
    anew: steps.map(({ target }) => target),
  }
}

export function statusText(status: Status): string[] {
  const { workspace, asked, remembered, chain, options, anew, output } = status
  if (asked.length === 0)
    return [`workspace ${workspace}: no chain yet; SKIFF_CONFIG=virt/qemu,skiff/crew make compile`]
  return [
    `workspace ${workspace}: ${asked.join(',')}${remembered ? ' (remembered)' : ''}`,
    `layers: ${chain.join(' ')}`,
    `assembler: ${options.SKIFF_ASSEMBLER}`,
    `image: ${typeof output === 'number' ? formatSize(output) : output}`,
    anew.length === 0 ? 'nothing changed since the last compile' : `to be made anew: ${anew.join(', ')}`,
  ]
}

export const statusCommand: ImageCommand = {
  name: 'status',
  summary: "Tells the workspace's chain, its image, and what a compile would make anew.",
  words: '',
  count: [0, 0],
  options: jsonOption,
  async run({ context, options }) {
    const status = await statusOf(await openWorkspace(context), context.signal)
    if (options.json) context.write(json(status))
    else for (const line of statusText(status)) context.write(`${line}\n`)
    return 0
  },
}
