// manifest.json of an assembled set: which files, how large, with what content.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod'
import { messageOf } from '../../core/errors.ts'

const safePath = z
  .string()
  .regex(/^[^/\0]+(\/[^/\0]+)*$/)
  .refine((path) => !path.split('/').some((word) => word === '.' || word === '..'))

const manifest = z.object({
  files: z
    .array(
      z.object({
        name: safePath,
        size: z.number().int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1),
  checksum: z.string(),
  assembler: z.string(),
  architecture: z.string(),
  chain: z.array(z.string()),
})

export type Manifest = z.infer<typeof manifest>

/** @param text of manifest.json @throws ZodError, SyntaxError */
export const parseManifest = (text: string): Manifest => manifest.parse(JSON.parse(text))

async function sha256(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}

/**
 * Looks at a set: is every file there and as large as it should be?
 * @param folder the output of a workspace
 * @param contents given, every byte is compared as well
 * @returns the manifest, or what is wrong in words
 */
export async function readOutput(folder: string, contents?: AbortSignal): Promise<Manifest | string> {
  let text: string
  try {
    text = await readFile(join(folder, 'manifest.json'), 'utf8')
  } catch {
    return 'there is no manifest.json in its output'
  }
  let found: Manifest
  try {
    found = parseManifest(text)
  } catch (error) {
    return `its manifest.json cannot be read (${messageOf(error).split('\n')[0]})`
  }
  for (const { name, size, sha256: wanted } of found.files) {
    const path = join(folder, name)
    const here = await stat(path).catch(() => undefined)
    if (!here?.isFile()) return `${name} is not in its output`
    if (here.size !== size) return `${name} in its output has ${here.size} bytes in place of ${size}`
    if (contents && (await sha256(path, contents)) !== wanted)
      return `${name} in its output has other content`
  }
  return found
}
