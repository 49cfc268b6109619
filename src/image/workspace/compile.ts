// Compiles a workspace: configure, then let the assembler make what the plan says, then look at what came out.
import { failure } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import type { Assembler } from '../assembler.ts'
import { look, recordOf, type Seen, writeDown } from './configure.ts'
import { type Manifest, readOutput } from './manifest.ts'
import type { Opened } from './open.ts'
import type { Step } from './plan.ts'
import { writeRecord } from './record.ts'
import { workspacePaths } from './workspace.ts'

export interface CompileCall {
  readonly env: NodeJS.ProcessEnv
  readonly report: Report
  readonly signal: AbortSignal
  /** Also when nothing changed. */
  readonly force: boolean
  /** Loads the assembler of a name. */
  readonly load: (name: string) => Promise<Assembler>
}

export interface Compiled {
  readonly steps: readonly Step[]
  readonly manifest: Manifest
}

const forced: Step[] = [{ target: 'everything', reasons: ['--force'] }]

/** What a program finds in its environment: options that are remembered are there as if they had been named. */
const withOptions = (env: NodeJS.ProcessEnv, options: Readonly<Record<string, string>>) => ({
  ...env,
  ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== '')),
})

export function tellSteps(steps: readonly Step[], report: Report): void {
  for (const { target, reasons } of steps) {
    report.step(`anew: ${target}`)
    for (const reason of reasons) report.line(reason)
  }
}

/** Names the layers in order and what was passed over in them. */
export function tellLayers({ workspace, layers }: Seen, report: Report): void {
  for (const { name, description } of workspace.chain.packages)
    report.line(`${name}${description === '' ? '' : `  ${description}`}`)
  for (const warning of layers.warnings) report.warn(`passed over ${warning}`)
}

/**
 * The lock of the workspace must be held.
 * @throws what `look` throws; output-missing when the assembler left no whole set; what the assembler throws
 */
export async function compile(opened: Opened, call: CompileCall): Promise<Compiled> {
  const { report, signal } = call
  const seen = await look(opened, signal)
  const { workspace, layers, state } = seen
  const name = opened.options.SKIFF_ASSEMBLER ?? ''
  const steps = call.force ? forced : seen.steps
  report.heading(`workspace ${workspace.name}: ${workspace.chain.asked.join(',')} with ${name}`)
  tellLayers(seen, report)
  await writeDown(opened, seen)
  tellSteps(steps, report)
  if (steps.length > 0) {
    const assembler = await call.load(name)
    const { state: path } = workspacePaths(workspace.folder)
    const record = recordOf(opened, seen)
    // from here on what is on the disk may be half of the old and half of the new
    await writeRecord(path, { ...record, attempted: state })
    const { options } = opened
    const env = withOptions(call.env, options)
    await assembler.assemble(workspace, { report, signal, steps, layers, options, env })
    const manifest = await readOutput(workspace.output)
    if (typeof manifest === 'string')
      throw failure('output-missing', { workspace: workspace.name, problem: manifest })
    await writeRecord(path, { ...record, compiled: state, attempted: undefined })
    return { steps, manifest }
  }
  const manifest = await readOutput(workspace.output)
  if (typeof manifest === 'string')
    throw failure('output-missing', { workspace: workspace.name, problem: manifest })
  report.step('nothing changed since the last compile (--force makes it anew all the same)')
  return { steps, manifest }
}
