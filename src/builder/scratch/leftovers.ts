// What a daemon that was killed left of images it was making for others.
import type { Engine } from '../../host/docker/engine.ts'
import { findImage, listImages, removeImage } from '../../host/docker/images.ts'
import { madeRepository } from '../../host/docker/labels.ts'
import type { Store } from '../../host/store/store.ts'

/**
 * Removes images that were made and not written down, and forgets those that are not there any more.
 * @throws engine-unreachable, engine-error
 */
export async function reconcileMade(
  engine: Engine,
  { madeImages, instance }: Pick<Store, 'madeImages' | 'instance'>,
): Promise<void> {
  const prefix = `${madeRepository(instance)}:`
  const known = new Set(madeImages.list().map(({ tag }) => tag))
  for (const { tags } of await listImages(engine, { reference: [`${prefix}*`] }))
    for (const tag of tags) if (tag.startsWith(prefix) && !known.has(tag)) await removeImage(engine, tag)
  // a key with a dash is of an image on another machine
  for (const { key, tag } of madeImages.list())
    if (!key.includes('-') && !(await findImage(engine, tag))) madeImages.remove(key)
}
