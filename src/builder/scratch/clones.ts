// Finds the clone of a repository among those that somebody has at hand.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Clones are looked for as people lay them: `<owner>/<name>`, `<owner>+<name>`, `<host>/<owner>/<name>` or `<name>`, each
 * with a work tree, bare, or with the git directory as `repo` in it.
 * @param folder of the clones
 * @returns the git directory, undefined when there is none
 */
export function cloneIn(folder: string, repository: string): string | undefined {
  const match = /^[a-z+]+:\/\/([^/@]+@)?([^/]+)\/(.+?)(\.git)?\/?$/i.exec(repository)
  const [, , host = '', path = ''] = match ?? []
  const parts = path.split('/')
  const [owner = '', name = ''] = [parts.at(-2) ?? '', parts.at(-1) ?? '']
  if (name === '' || parts.includes('..') || host.startsWith('.')) return undefined
  const names = [`${owner}/${name}`, `${owner}+${name}`, `${host}/${path}`, path, name]
  for (const each of names)
    for (const form of [`${each}/repo`, `${each}/.git`, `${each}.git`, each])
      if (existsSync(join(folder, form, 'HEAD'))) return join(folder, form)
  return undefined
}
