// What an instance has on the engine, found by its label.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Engine } from '../../../src/host/docker/engine.ts'
import { labels } from '../../../src/host/docker/labels.ts'

/** The id of the instance whose root this is; `none` before its first start. */
export function instanceIn(root: string): string {
  try {
    const db = new DatabaseSync(join(root, 'crew.db'), { readOnly: true })
    const row = db.prepare("SELECT value FROM meta WHERE key = 'instance'").get()
    db.close()
    return row ? String(row.value) : 'none'
  } catch {
    return 'none'
  }
}

const filtersOf = (instance: string) => ({ label: [`${labels.instance}=${instance}`] })

export async function containersOf(engine: Engine, instance: string) {
  const found = await engine.docker.listContainers({ all: true, filters: filtersOf(instance) })
  return found.map((container) => ({
    id: container.Id,
    name: container.Names[0] ?? '',
    state: container.State,
    labels: container.Labels,
  }))
}

export async function imagesOf(engine: Engine, instance: string) {
  const found = await engine.docker.listImages({ filters: filtersOf(instance) })
  return found.map((image) => ({
    id: image.Id,
    tags: (image.RepoTags ?? []).filter((tag) => !tag.startsWith('<none>')),
  }))
}

/** Removes containers, networks and images. What cannot be removed stays. */
export async function removeAllOf(engine: Engine, instance: string): Promise<void> {
  const { docker } = engine
  const ignore = () => {}
  for (const { id } of await containersOf(engine, instance))
    await docker.getContainer(id).remove({ force: true, v: true }).catch(ignore)
  for (const { Id } of await docker.listNetworks({ filters: filtersOf(instance) }))
    await docker.getNetwork(Id).remove().catch(ignore)
  for (const { id, tags } of await imagesOf(engine, instance))
    for (const name of tags.length > 0 ? tags : [id])
      await docker.getImage(name).remove({ force: true }).catch(ignore)
}
