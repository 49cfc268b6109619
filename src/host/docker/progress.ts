// The engine's answers that come as lines of JSON: builds and pulls.
import * as z from 'zod'
import { failure } from '../../core/errors.ts'

const LONGEST_LINE = 16 * 2 ** 20

const messageShape = z.object({
  /** Of a pull: the layer; of BuildKit: what `aux` holds. */
  id: z.string().optional().catch(undefined),
  stream: z.string().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  /** Of a layer's download or unpacking, in bytes; empty in most messages. */
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .optional()
    .catch(undefined),
  aux: z.unknown().optional(),
  error: z.string().optional().catch(undefined),
  errorDetail: z
    .object({ code: z.number().optional(), message: z.string().optional() })
    .optional()
    .catch(undefined),
})

export type ProgressMessage = z.infer<typeof messageShape>

/**
 * The messages of a stream, one by one as they come.
 * @throws engine-error for an answer that is not lines of JSON
 */
export async function* progressMessages(stream: AsyncIterable<Buffer>): AsyncGenerator<ProgressMessage> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST_LINE) throw failure('engine-error', { problem: 'its answer has no line feeds' })
    for (const line of lines) if (line.trim() !== '') yield parseMessage(line)
  }
  if (rest.trim() !== '') yield parseMessage(rest)
}

function parseMessage(line: string): ProgressMessage {
  try {
    return messageShape.parse(JSON.parse(line))
  } catch (error) {
    throw failure('engine-error', { problem: `its answer cannot be read: ${line.slice(0, 200)}` }, error)
  }
}
