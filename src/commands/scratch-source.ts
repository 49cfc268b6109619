// scratch:source add and remove.
import { failure } from '../core/errors.ts'
import { familiar, familiarRepository, parseImageReference } from '../core/image-reference.ts'
import { parseGitSource } from '../core/image-source.ts'
import type { Report } from '../core/report.ts'
import type { Store } from '../host/store/store.ts'

interface Change {
  readonly action: string
  readonly image: string | undefined
  readonly url: string | undefined
}

const USAGE = 'scratch:source add <image> <git-url>[#<ref>[:<directory>]] | remove <image> | list'

/** @throws usage, value-invalid, exists, not-found */
export function changeSource(
  sources: Store['imageSources'],
  { action, image, url }: Change,
  report: Report,
): void {
  const wrong = (problem: string) => failure('usage', { problem, usage: USAGE })
  if (action !== 'add' && action !== 'remove') throw wrong(`scratch:source cannot ${action.slice(0, 40)}`)
  if (image === undefined) throw wrong(`scratch:source ${action} needs <image>`)
  const name = sourceName(image)
  if (action === 'remove') {
    if (!sources.remove(name))
      throw failure('not-found', {
        what: 'a source of',
        name,
        hint: 'scratch:source list shows those there are',
      })
    report.step(`${name} has no source of its own any more`)
    return
  }
  if (url === undefined) throw wrong('scratch:source add needs <git-url>')
  parseGitSource(url)
  sources.add(name, url)
  report.step(`${name} is made from ${url}`)
}

/** A name without a tag stands for every tag, so none is put in. */
function sourceName(text: string): string {
  const parsed = parseImageReference(text)
  const hasTag = text.slice(text.lastIndexOf('/') + 1).includes(':')
  return hasTag || parsed.digest !== null ? familiar(parsed) : familiarRepository(parsed)
}
