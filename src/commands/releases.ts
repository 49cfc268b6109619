// releases:*: what was deployed, how it ended, and the way back.
import type { Release } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { quoted } from './arguments.ts'
import { app, type Command, declare, one, optional } from './command.ts'
import { columns, field, format, type Json, json, reportJson, reportText } from './format.ts'

/** Reads `3` or `v3`. @throws value-invalid */
function parseNumber(text: string): number {
  const match = /^v?([1-9]\d{0,8})$/.exec(text)
  if (match) return Number(match[1])
  throw failure('value-invalid', {
    what: 'release',
    value: quoted(text),
    rule: 'a release is a number from 1 up, as releases:list shows it',
  })
}

/** All but the configuration, which is secret. */
const releaseJson = ({ config: _secret, processes, ...release }: Release): Json => ({
  ...release,
  processes: processes.map((process) => ({ ...process })),
})

const row = ({ number, state, cause, commit, who, createdAt, note }: Release) => [
  `v${number}`,
  state,
  cause,
  commit.slice(0, 8),
  who,
  createdAt,
  note,
]

const list = declare({
  name: 'releases:list',
  aliases: ['releases'],
  summary: 'Lists the releases of an app, the newest first.',
  arguments: [app],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const { name } = context.store.apps.get(args.app)
    const releases = context.store.releases.list(name)
    if (options.format === 'json') return await write(json(releases.map(releaseJson)))
    const header = ['release', 'state', 'cause', 'commit', 'who', 'when', 'note']
    await write(`=====> ${name} releases\n${columns([header, ...releases.map(row)])}`)
  },
})

const info = declare({
  name: 'releases:info',
  summary: 'Shows one release; of its configuration the names only.',
  arguments: [app, one('release', 'Number of the release.', parseNumber)],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const { name } = context.store.apps.get(args.app)
    const release = context.store.releases.get(name, args.release)
    const fields = [
      field('number', 'Release number', release.number),
      field('state', 'Release state', release.state),
      field('cause', 'Release cause', release.cause),
      field('commit', 'Release commit', release.commit),
      field('image', 'Release image', release.image),
      field('port', 'Release port', release.port),
      field(
        'processes',
        'Release processes',
        release.processes.map((process) => ({ ...process })),
        release.processes.map(
          ({ type, command }) => [`Release process ${type}`, command ?? "the image's own"] as const,
        ),
      ),
      field('configKeys', 'Release config keys', Object.keys(release.config)),
      field('who', 'Release who', release.who),
      field('createdAt', 'Release created at', release.createdAt),
      field('endedAt', 'Release ended at', release.endedAt),
      field('note', 'Release note', release.note),
    ]
    if (options.format === 'json') return await write(json(reportJson(name, fields)))
    await write(reportText(`${name} release ${release.number} information`, fields))
  },
})

const rollback = declare({
  name: 'rollback',
  aliases: ['releases:rollback'],
  summary: 'Goes back to an older release, with its image and its configuration, without a build.',
  arguments: [app, optional('release', 'Its number; without one, the release that ran before.', parseNumber)],
  options: {},
  access: 'any',
  async handler({ context, args, actor }) {
    await context.pipeline.rollback(context.store.apps.get(args.app).name, args.release, actor)
  },
})

export const releasesCommands: readonly Command[] = [info, list, rollback]
