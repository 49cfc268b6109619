// What an assembler is asked, and what it leaves.
import type { Report } from '../core/report.ts'
import type { Layers } from './layers/layers.ts'
import type { Step } from './workspace/plan.ts'
import type { Workspace } from './workspace/workspace.ts'

export interface AssembleCall {
  readonly report: Report
  readonly signal: AbortSignal
  /** What changed since the last compile, for assemblers that can keep the rest. */
  readonly steps: readonly Step[]
  /** The merged layers; the same in files are in config/ of the workspace. */
  readonly layers: Layers
  /** Settings that show in the image (src/image/settings.ts). */
  readonly options: Readonly<Record<string, string>>
  /** The environment, with the options in it that the workspace remembers. */
  readonly env: NodeJS.ProcessEnv
}

export interface Assembler {
  readonly name: string
  /** Leaves the whole set in `workspace.output`, its manifest.json written last. */
  assemble(workspace: Workspace, call: AssembleCall): Promise<void>
}
