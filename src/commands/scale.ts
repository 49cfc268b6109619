// ps:scale: how many containers of each process type an app has.
import { failure } from '../core/errors.ts'
import { quoted } from './arguments.ts'
import { any, app, type Command, declare } from './command.ts'
import { format, json } from './format.ts'
import { formationOf } from './observe.ts'

/** Reads `web=2`. @throws value-invalid */
export function parseScale(word: string): readonly [type: string, count: number] {
  const match = /^([A-Za-z0-9][A-Za-z0-9_-]{0,62})=(\d{1,3})$/.exec(word)
  if (match?.[1] !== undefined) return [match[1], Number(match[2])]
  throw failure('value-invalid', {
    what: 'scale',
    value: quoted(word),
    rule: '<process type>=<count>, such as web=2',
  })
}

/** Dokku's little table of process types. */
const scaleText = (name: string, formation: Readonly<Record<string, number>>) =>
  `-----> Scaling for ${name}\nproctype: qty\n--------: ---\n${Object.entries(formation)
    .map(([type, count]) => `${type}:  ${count}\n`)
    .join('')}`

export const scale: Command = declare({
  name: 'ps:scale',
  summary: 'Sets how many containers of a process type run; without counts, shows it.',
  arguments: [app, any('type=count', 'Process types and how many of each.', parseScale)],
  options: { format },
  access: 'any',
  async handler({ context, args, options, actor, write }) {
    const found = context.store.apps.get(args.app)
    const counts = args['type=count']
    if (counts.length > 0) return await context.pipeline.scale(found.name, Object.fromEntries(counts), actor)
    const formation = formationOf(context, found)
    await write(options.format === 'json' ? json(formation) : scaleText(found.name, formation))
  },
})
