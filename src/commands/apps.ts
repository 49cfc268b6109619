// apps:*: making, listing, renaming, destroying apps.
import { type AppName, parseAppName } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import type { Session } from '../receiver/session.ts'
import { app, type Command, declare, flag, one } from './command.ts'
import { format, json } from './format.ts'
import { writerTo } from './output.ts'
import { readLine } from './stdin.ts'

const create = declare({
  name: 'apps:create',
  summary: 'Makes an app; a first push does it too.',
  arguments: [app],
  options: {},
  access: 'any',
  async handler({ context, args, report }) {
    await context.pipeline.create(args.app)
    report.step(`Creating ${args.app}...`)
  },
})

const list = declare({
  name: 'apps:list',
  aliases: ['apps'],
  summary: 'Lists the apps.',
  arguments: [],
  options: { format },
  access: 'any',
  async handler({ context, session, options, write }) {
    const names = context.store.apps.list().map(({ name }) => name)
    if (options.format === 'json') return await write(json(names))
    await write(`=====> My Apps\n${names.map((name) => `${name}\n`).join('')}`)
    if (names.length === 0) session.stderr.write(" !     You haven't deployed any applications yet\n")
  },
})

const exists = declare({
  name: 'apps:exists',
  summary: 'Ends with status 0 when the app is there, with 20 when it is not.',
  arguments: [app],
  options: {},
  access: 'any',
  async handler({ context, args }) {
    context.store.apps.get(args.app)
  },
})

const rename = declare({
  name: 'apps:rename',
  summary: 'Gives an app another name; what runs goes on running.',
  arguments: [app, one('new-name', 'Its new name.', parseAppName)],
  options: {},
  access: 'any',
  async handler({ context, args, actor, write }) {
    await context.pipeline.rename(args.app, args['new-name'], actor)
    await write(`Renaming ${args.app} to ${args['new-name']}... done\n`)
  },
})

/** Asks for the name of the app to be typed. @throws not-confirmed */
async function confirm(name: AppName, { stdin, stderr, signal, terminal }: Session): Promise<void> {
  await writerTo(
    stderr,
    signal,
  )(
    ' !     WARNING: Potentially Destructive Action\n' +
      ` !     This command will destroy ${name} with its releases, configuration and repository.\n` +
      ` !     To proceed, type "${name}"\n\n> `,
  )
  const typed = await readLine(stdin, signal)
  // at a terminal, Enter has ended the line
  if (!terminal) stderr.write('\n')
  if (typed.trim() !== name)
    throw failure('not-confirmed', {
      hint: `type the name of the app, or give --force: apps:destroy --force ${name}`,
    })
}

const destroy = declare({
  name: 'apps:destroy',
  summary: 'Removes an app and all that belongs to it; asks for its name first.',
  arguments: [app],
  options: { force: flag('Does not ask.') },
  access: 'any',
  async handler({ context, session, args, options, actor, write }) {
    const { name } = context.store.apps.get(args.app)
    if (!options.force) await confirm(name, session)
    await context.pipeline.destroy(name, actor)
    await write(`Destroying ${name}... done\n`)
  },
})

export const appsCommands: readonly Command[] = [create, destroy, exists, list, rename]
