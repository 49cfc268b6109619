// scratch:list, scratch:report and scratch:prune: images that were made for others to be built on.
import { failure } from '../core/errors.ts'
import { familiar, parseImageReference } from '../core/image-reference.ts'
import { parsePlatform } from '../core/platform.ts'
import { formatSize } from '../core/units.ts'
import { type Command, declare, one, valued } from './command.ts'
import { columns, format, type Json, json, reportText } from './format.ts'

const list = declare({
  name: 'scratch:list',
  summary: 'Lists the images that were made or fetched here for others to be built on.',
  arguments: [],
  options: { format },
  access: 'any',
  async handler({ context, options, write }) {
    const all = context.store.madeImages.list()
    if (options.format === 'json')
      return await write(
        json(all.map(({ record, ...made }) => ({ ...made, record: JSON.parse(record) as Json }))),
      )
    const rows = all.map(({ reference, platform, how, size, image, usedAt }) => [
      reference,
      platform,
      how,
      formatSize(size),
      image.slice(7, 19),
      usedAt.slice(0, 10),
    ])
    await write(columns([['IMAGE', 'PLATFORM', 'HOW', 'SIZE', 'ID', 'USED'], ...rows]))
  },
})

const report = declare({
  name: 'scratch:report',
  summary: 'Shows what an image that was made here was made from.',
  arguments: [one('image', 'Name of an image.', (text) => familiar(parseImageReference(text)))],
  options: { arch: valued('platform', 'Of which platform; any by default.', parsePlatform, 'a'), format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const found = context.store.madeImages
      .list()
      .filter(
        ({ reference, platform }) => reference === args.image && (options.arch ?? platform) === platform,
      )
    if (found.length === 0)
      throw failure('not-found', {
        what: 'an image made for',
        name: args.image,
        hint: 'scratch:list shows those there are',
      })
    const records = found.map(({ record, image, tag, createdAt, size }) => ({
      ...(JSON.parse(record) as { readonly [key: string]: Json }),
      id: image,
      tag,
      createdAt,
      size,
    }))
    if (options.format === 'json') return await write(json(records))
    for (const record of records) {
      const fields = Object.entries(record).map(([key, value]) => ({ key, label: key, value }))
      await write(reportText(`${args.image} as it was made here`, fields))
    }
  },
})

const prune = declare({
  name: 'scratch:prune',
  summary: 'Removes the images that were made here for others, and the repositories fetched for them.',
  arguments: [],
  options: {},
  access: 'any',
  async handler({ context, actor, report }) {
    const engineAt = async (host: string | undefined) => (await context.places.at(host, actor.signal)).engine
    const removed = await (await context.scratch()).prune(engineAt)
    for (const { reference, platform } of removed) report.line(`${reference} for ${platform}`)
    report.step(`Removed ${removed.length} images; apps that were built on them keep their layers`)
  },
})

export const scratchCacheCommands: readonly Command[] = [list, prune, report]
