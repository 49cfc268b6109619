// The classic builder's untagged images that no image of a release is built on: the last step before a failure,
// and the end of each stage but the last. They are its cache for the next push, but carry no label, so each gets
// a tag of ours: that way there is one set per app, and what the next build does not use again is removed.
import type { App } from '../core/app.ts'
import type { Engine } from '../host/docker/engine.ts'
import { findImage, listImages, removeImage, tagImage } from '../host/docker/images.ts'

/** No app has this repository: names of apps have no dot. */
export const leftoverRepository = (instance: string) => `crew-${instance}/build.cache`

/** Makes `ids` the app's kept leftovers, in place of those from before. */
export async function keepLeftovers(
  engine: Engine,
  instance: string,
  app: App,
  ids: readonly string[],
): Promise<void> {
  const repository = leftoverRepository(instance)
  const prefix = `${repository}:${app.id}-`
  const before = (await listImages(engine, { reference: [`${prefix}*`] })).flatMap(({ tags }) => tags)
  const kept = new Set<string>()
  for (const id of ids) {
    const image = await findImage(engine, id)
    // a stage may end where it began: in somebody's base image
    if (!image || image.tags.some((tag) => !tag.startsWith(prefix))) continue
    const tag = `${app.id}-${image.id.slice('sha256:'.length, 'sha256:'.length + 12)}`
    await tagImage(engine, image.id, repository, tag)
    kept.add(`${repository}:${tag}`)
  }
  for (const tag of before) if (tag.startsWith(prefix) && !kept.has(tag)) await removeImage(engine, tag)
}
