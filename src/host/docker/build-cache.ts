// What BuildKit keeps of an uploaded context: the tar as it came and the files out of it, twice the size of the
// tree, for each push. Neither is of use to a later build, whose steps are found by their content, but an engine
// that has no `builder.gc` set up (the default before 23.0) keeps them for ever.
import * as z from 'zod'
import { CHANGE_LIMIT, call } from './call.ts'
import type { Engine } from './engine.ts'

/** One context that was sent, as exactly as it can be known again. */
export interface Upload {
  /** Bytes of the tar, and of the files in it. */
  readonly tar: number
  readonly files: number
  /** Between which moments it came, in milliseconds of the clock. */
  readonly from: number
  readonly until: number
}

const recordShape = z.object({
  ID: z.string().regex(/^[a-z0-9]+$/),
  Parent: z.string().optional(),
  Description: z.string(),
  InUse: z.boolean(),
  Shared: z.boolean(),
  Size: z.number(),
  CreatedAt: z.string(),
})
type CacheRecord = z.infer<typeof recordShape>
const usageShape = z.object({ BuildCache: z.array(recordShape).nullish() })

/** Of the engine's cache, what these uploads left: same size, same time, of the kind that an upload makes. */
export function recordsOfUploads(records: readonly CacheRecord[], uploads: readonly Upload[]): string[] {
  const left = records.filter(({ Description, Parent, InUse, Shared, Size, CreatedAt }) => {
    if (InUse || Shared || Parent) return false
    const made = Date.parse(CreatedAt)
    return uploads.some(({ tar, files, from, until }) => {
      if (made < from || made > until) return false
      if (Description.startsWith('http url http://build-context-')) return Size === tar
      return Description === 'fileop target' && Size === files
    })
  })
  return left.map(({ ID }) => ID)
}

/**
 * Removes what uploads left in the engine's build cache; nothing else of the cache is touched.
 *
 * The calls are made past dockerode, whose pruneBuilder (5.0) drops its filters and would empty the whole cache.
 */
export async function removeUploads(engine: Engine, uploads: readonly Upload[]): Promise<void> {
  // the type spares newer engines (API 1.42) from measuring containers and volumes as well
  const usage = usageShape.parse(await request(engine, 'GET', '/system/df?', { type: 'build-cache' }))
  for (const id of recordsOfUploads(usage.BuildCache ?? [], uploads))
    await request(engine, 'POST', '/build/prune?', { filters: JSON.stringify({ id: [id] }) })
}

function request(
  engine: Engine,
  method: string,
  path: string,
  query: Record<string, string>,
): Promise<unknown> {
  const send = (abortSignal: AbortSignal) =>
    new Promise((resolve, reject) => {
      engine.docker.modem.dial(
        {
          path,
          method,
          abortSignal,
          options: { _query: query, _body: {} },
          statusCodes: { 200: true, 500: 'server error' },
        },
        (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)),
      )
    })
  // measuring is slow on a board's card
  return call(engine, CHANGE_LIMIT, undefined, send)
}
