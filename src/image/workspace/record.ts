// What a workspace remembers, in workspace.json: read with care, written whole.
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { failure } from '../../core/errors.ts'
import { version } from '../../core/version.ts'
import { writeWhole } from '../../host/files/write.ts'
import { isPackageName } from '../packages/package.ts'
import { parts, type State } from './plan.ts'

/** Of the form of the file; another one cannot be read. */
const FORMAT = 1

const state = z.object({
  version: z.string(),
  chain: z.array(z.string()),
  options: z.record(z.string(), z.string()),
  effects: z.record(z.enum(parts), z.string()),
  files: z.record(z.string(), z.string()),
})

const record = z.object({
  format: z.literal(FORMAT),
  version: z.string(),
  asked: z.array(z.string().refine(isPackageName)),
  extra: z.array(z.string()),
  options: z.record(z.string(), z.string()),
  configured: state.optional(),
  compiled: state.optional(),
  attempted: state.optional(),
})

/** What is kept from one run to the next. */
export interface WorkspaceRecord {
  /** What SKIFF_CONFIG named. */
  readonly asked: readonly string[]
  /** SKIFF_EXTRA_CONFIGS_PATH, as absolute folders. */
  readonly extra: readonly string[]
  /** Settings that show in the image. */
  readonly options: Readonly<Record<string, string>>
  readonly configured?: State | undefined
  /** Of the last compile that came to its end. */
  readonly compiled?: State | undefined
  /** Of the one that is under way or did not come to its end. */
  readonly attempted?: State | undefined
}

function parseRecord(text: string, workspace: string): WorkspaceRecord {
  const invalid = (found: string) => failure('workspace-version', { workspace, found, known: version })
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw failure(
      'workspace-version',
      { workspace, found: 'something that is no JSON', known: version },
      cause,
    )
  }
  const parsed = record.safeParse(content)
  if (parsed.success) return parsed.data
  const of = z.object({ version: z.string() }).safeParse(content)
  throw invalid(of.success ? `another version (Skiff ${of.data.version})` : 'another version')
}

/**
 * @returns undefined when the workspace has none yet
 * @throws workspace-version
 */
export async function readRecord(path: string, workspace: string): Promise<WorkspaceRecord | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return parseRecord(text, workspace)
}

/** A crash or a full disk leaves the old one. */
export const writeRecord = (path: string, content: WorkspaceRecord): Promise<void> =>
  writeWhole(path, `${JSON.stringify({ format: FORMAT, version, ...content }, null, 1)}\n`, 0o644)
