// Which images of an app may go: those that Crew made for it and that no release needs any more.

export interface OwnImage {
  readonly id: string
  readonly tags: readonly string[]
}

/**
 * What to remove, as references for the engine.
 *
 * An image that was built `FROM` one of ours, or committed from a container of ours, inherits the labels, so labels
 * alone do not make it ours: a tag is removed only when Crew gave it, and an image that carries anybody else's tag,
 * or none, stays. Crew leaves none without a tag: see leftovers.ts.
 * @param images those whose labels name the app
 * @param keep image ids that releases still need
 * @param repositories prefixes of the tags that Crew gives
 */
export function imagesToRemove(
  images: readonly OwnImage[],
  keep: ReadonlySet<string>,
  repositories: readonly string[],
): string[] {
  const ours = (tag: string) => repositories.some((prefix) => tag.startsWith(prefix))
  return images.flatMap(({ id, tags }) => (keep.has(id) ? [] : tags.filter(ours)))
}
