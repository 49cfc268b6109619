// The files of the repository, as the rules look at them: what git tracks or would track.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

export interface SourceFile {
  /** From the top of the repository. */
  readonly path: string
  readonly text: string
}

/** Files below the given folders, or all. A file that git knows and that is gone is left out. */
export function filesIn(...folders: readonly string[]): SourceFile[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...folders],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  return [...new Set(listed.split('\0'))]
    .filter((path) => path !== '' && existsSync(new URL(path, root)))
    .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }))
}

/** What a TypeScript file imports, types too: paths from the top of the repository, and names of libraries. */
export function importsOf({ path, text }: SourceFile): string[] {
  const found = text.matchAll(/(?:^|[\s}*])(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map(([, target = '']) =>
    target.startsWith('.') ? new URL(target, `file:///${path}`).pathname.slice(1) : target,
  )
}
