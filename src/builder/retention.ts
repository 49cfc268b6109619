// Which images of an app may go: those that Crew made for it and that no release needs any more.

export interface OwnImage {
  readonly id: string
  readonly tags: readonly string[]
}

/**
 * What to remove, as references for the engine.
 *
 * An image that was built `FROM` one of ours inherits its labels, so labels alone do not make it ours: a tag
 * is removed only when Crew gave it, and an image that carries anybody else's tag stays. One without any tag
 * is removed by its id.
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
  return images.flatMap(({ id, tags }) => {
    if (keep.has(id)) return []
    return tags.length === 0 ? [id] : tags.filter(ours)
  })
}
