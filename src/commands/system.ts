// status, version, cleanup: Crew itself and the machine under it.
import type { App } from '../core/app.ts'
import { formatSize } from '../core/units.ts'
import { appOrAll, type Command, declare } from './command.ts'
import type { Context, DaemonInfo } from './context.ts'
import { columns, field, format, json, reportText } from './format.ts'
import { observe } from './observe.ts'

const overview = ({ version, root, ssh, router, engine, startedAt, pid, memory }: DaemonInfo) =>
  reportText(`Crew ${version}`, [
    field('root', 'Root', root),
    field('ssh', 'SSH', `${ssh.host}:${ssh.port}`),
    field('router', 'Router', router.http),
    field('engine', 'Engine', engine ? `Docker ${engine.version} (${engine.platform})` : 'does not answer'),
    field('startedAt', 'Started at', startedAt),
    field('pid', 'Process id', pid),
    field('memory', 'Memory', formatSize(memory)),
  ])

async function appRows(context: Context) {
  const observed = await observe(context)
  const row = (app: App) => ({ name: app.name, state: observed.state(app), urls: context.urls(app) })
  return context.store.apps.list().map(row)
}

const status = declare({
  name: 'status',
  summary: 'Shows what Crew is, where it answers, and the state of every app.',
  arguments: [],
  options: { format },
  access: 'any',
  async handler({ context, options, write }) {
    const [info, apps] = await Promise.all([context.daemon.info(), appRows(context)])
    if (options.format === 'json')
      return await write(
        json({
          ...info,
          ssh: { ...info.ssh },
          router: { ...info.router },
          engine: info.engine && { ...info.engine },
          apps,
        }),
      )
    const rows = apps.map(({ name, state, urls }) => [name, state, urls.join(' ')])
    await write(`${overview(info)}=====> My Apps\n${columns(rows, '       ')}`)
  },
})

const version = declare({
  name: 'version',
  summary: 'Prints the version.',
  arguments: [],
  options: { format },
  access: 'any',
  async handler({ context, options, write }) {
    const { version } = await context.daemon.info()
    await write(options.format === 'json' ? json({ version }) : `crew version ${version}\n`)
  },
})

const cleanup = declare({
  name: 'cleanup',
  summary: 'Removes images that no app needs; nothing that Crew did not make.',
  arguments: [appOrAll],
  options: {},
  access: 'any',
  async handler({ context, args, actor }) {
    const found = args.app === undefined ? undefined : context.store.apps.get(args.app)
    await context.pipeline.cleanup(found?.name, actor)
  },
})

export const systemCommands: readonly Command[] = [cleanup, status, version]
