// Who publishes programs and packages for which architectures: data with a source for each row (publishers.json).
import * as z from 'zod'
import type { Architecture } from '../../core/platform.ts'
import { matchesPattern } from '../dockerfile/pattern.ts'
import { runnable } from './names.ts'
import data from './publishers.json' with { type: 'json' }

const publisherSchema = z.strictObject({
  name: z.string().min(1),
  /** Patterns of addresses, without the scheme. */
  urls: z.array(z.string().min(1)).min(1),
  /** Architectures by their library names; `all` for what does not depend on one. */
  publishes: z.union([z.literal('all'), z.array(z.string()).min(1)]),
  source: z.string().min(10),
})

const helperSchema = z.strictObject({
  name: z.string().min(1),
  urls: z.array(z.string().min(1)).min(1),
  debian: z.string().nullable(),
  alpine: z.string().nullable(),
})

export const publishersSchema = z.strictObject({
  publishers: z.array(publisherSchema),
  /** What can be done about a step that mentions something. */
  sources: z.array(z.strictObject({ mentions: z.string().min(3), offer: z.string().min(10) })),
  /** Small programs that distributions package as well. */
  helpers: z.array(helperSchema),
})

export type Publisher = z.infer<typeof publisherSchema>
export type Helper = z.infer<typeof helperSchema>

// the file is ours and a test parses it: at run time it is read as it is, which costs nothing
export const { publishers, sources, helpers } = data as z.infer<typeof publishersSchema>

const ADDRESS = /^[a-z]+:\/\/(?:[^/@]*@)?/
const LONGEST = 300

export const isAt = (url: string, patterns: readonly string[]): boolean => {
  const address = url.replace(ADDRESS, '').slice(0, LONGEST)
  return patterns.some((pattern) => {
    const plain = pattern.slice(0, pattern.indexOf('*') === -1 ? undefined : pattern.indexOf('*'))
    // a star at the beginning stands for a part of the host, not for a path that ends alike
    const [host = ''] = pattern.startsWith('*.') ? address.split('/') : []
    const [hosts = ''] = pattern.split('/')
    return (
      address.startsWith(plain) &&
      matchesPattern(pattern, address) &&
      (host === '' || matchesPattern(hosts, host))
    )
  })
}

export const findPublisher = (url: string): Publisher | undefined =>
  publishers.find(({ urls }) => isAt(url, urls))

export function publishesFor({ publishes }: Publisher, of: Architecture): boolean {
  if (publishes === 'all') return true
  const runs = runnable(of)
  return publishes.some((library) => runs.has(library))
}
