// Puts other names of images into a Dockerfile and leaves every other byte as it is.
import type { Dockerfile } from './read.ts'

/**
 * @param text that `dockerfile` was read from
 * @param replace the new name for a reference, or undefined where it stays; `platform` is what FROM asks for
 */
export function rewriteImages(
  text: string,
  dockerfile: Pick<Dockerfile, 'uses'>,
  replace: (reference: string, platform: string | undefined) => string | undefined,
): string {
  const pieces: string[] = []
  let from = 0
  for (const { reference, platform, start, end } of dockerfile.uses.toSorted((a, b) => a.start - b.start)) {
    const name = replace(reference, platform)
    if (name === undefined) continue
    pieces.push(text.slice(from, start), name)
    from = end
  }
  return pieces.join('') + text.slice(from)
}
