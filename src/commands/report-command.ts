// `<group>:report [app]`: the facts of one app, or of each, for people or as JSON.
import type { App } from '../core/app.ts'
import { appOrAll, type Command, declare } from './command.ts'
import type { Context } from './context.ts'
import { type Field, format, json, reportJson, reportText } from './format.ts'

/** Looks up what all apps share, once, and gives the function that tells the facts of one. */
export type Facts = (context: Context, only: App | undefined) => Promise<(app: App) => readonly Field[]>

export interface ReportDeclaration {
  readonly group: string
  readonly aliases?: readonly string[]
  readonly summary: string
  /** What follows the app's name in the heading, such as `ps information`. */
  readonly title: string
  readonly facts: Facts
}

export function declareReport({ group, aliases = [], summary, title, facts }: ReportDeclaration): Command {
  return declare({
    name: `${group}:report`,
    aliases,
    summary,
    arguments: [appOrAll],
    options: { format },
    access: 'any',
    async handler({ context, args, options, write }) {
      const only = args.app === undefined ? undefined : context.store.apps.get(args.app)
      const apps = only ? [only] : context.store.apps.list()
      const factsOf = await facts(context, only)
      if (options.format === 'json') {
        const reports = apps.map((app) => reportJson(app.name, factsOf(app)))
        const [first] = reports
        return await write(json(only && first !== undefined ? first : reports))
      }
      for (const app of apps) await write(reportText(`${app.name} ${title}`.trim(), factsOf(app)))
    },
  })
}
