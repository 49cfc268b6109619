// Archives that a Dockerfile unpacks onto nothing: `FROM scratch` and `ADD rootfs.tar.xz /`.
import type { Dockerfile } from '../dockerfile/read.ts'

/** What the classic builder and BuildKit unpack (docker build reference, ADD). */
const ARCHIVE = /\.(tar|tar\.(gz|bz2|xz|zst)|tgz|txz|tzst)$/
const LITERAL = /^[\w@%+=:,./-]+$/

/** Paths in the build context, of the last stage and those it is made from; none with variables or wildcards. */
export function rootArchives({ stages }: Pick<Dockerfile, 'stages'>): string[] {
  const found: string[] = []
  for (const { base, needed, instructions } of stages) {
    if (base.kind !== 'scratch' || !needed) continue
    for (const { keyword, source, from } of instructions) {
      if (keyword !== 'ADD') continue
      const words = wordsOf(source.text.slice(from))
      const target = words.pop() ?? ''
      if (!/^\/?\.?\/?$/.test(target)) continue
      found.push(...words.filter((word) => ARCHIVE.test(word) && LITERAL.test(word) && !word.includes('://')))
    }
  }
  return found.map((path) => path.replace(/^(\.?\/)+/, ''))
}

const SHELL = /^\/?(?:bin\/)?(?:ba|da|a)?sh$/

/** Whether the image is such an archive and a shell to start: whatever else is done to it, a ground would not have. */
export function isRootAlone({ stages }: Pick<Dockerfile, 'stages'>): boolean {
  const [stage, ...others] = stages.filter(({ needed }) => needed)
  if (!stage || others.length > 0 || rootArchives({ stages: [stage] }).length !== 1) return false
  const rest = stage.instructions.filter(({ keyword }) => keyword !== 'LABEL' && keyword !== 'MAINTAINER')
  return rest.every(({ keyword, source, from }, index) => {
    const [command = '', ...more] = wordsOf(source.text.slice(from))
    return index === 0 ? keyword === 'ADD' : keyword === 'CMD' && more.length === 0 && SHELL.test(command)
  })
}

function wordsOf(text: string): string[] {
  const trimmed = text.trim()
  if (trimmed.startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(trimmed)
      return Array.isArray(parsed) ? parsed.map(String) : []
    } catch {
      return []
    }
  }
  return trimmed.split(/\s+/).filter((word) => !word.startsWith('--'))
}
