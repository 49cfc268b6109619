// ps:start, stop, restart, rebuild: the containers of one app, or of all that were deployed.

import type { AppName } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { describeError } from '../core/report.ts'
import type { Actor } from '../pipeline-port.ts'
import { appOrAll, type Call, type Command, declare, flag } from './command.ts'
import type { Context } from './context.ts'
import { writerTo } from './output.ts'
import { scale } from './scale.ts'

type Verb = 'start' | 'stop' | 'restart' | 'rebuild'

/** One app after the other. A failure is told and does not keep the others; the first one's status is ours. */
async function withAll(
  verb: Verb,
  { context, session, report, actor }: Call<unknown, unknown>,
): Promise<number> {
  let exit = 0
  for (const { name, live } of context.store.apps.list()) {
    if (live === null) continue
    if (session.signal.aborted) throw failure('canceled', { what: `ps:${verb}` })
    report.heading(name)
    try {
      await context.pipeline[verb](name, actor)
    } catch (error) {
      const { text, exit: status } = describeError(error)
      await writerTo(session.stderr, session.signal)(text)
      exit ||= status
    }
  }
  return exit
}

const withOne = (verb: Verb, { store, pipeline }: Context, name: AppName, actor: Actor) =>
  pipeline[verb](store.apps.get(name).name, actor)

const command = (verb: Verb, summary: string) =>
  declare({
    name: `ps:${verb}`,
    summary,
    arguments: [{ ...appOrAll, doc: 'Name of an app; --all in its place is all that were deployed.' }],
    options: { all: flag('Every app that was deployed, one after the other.') },
    access: 'any',
    async handler(call) {
      const { args, options, context, actor } = call
      if (options.all && args.app === undefined) return await withAll(verb, call)
      if (args.app === undefined || options.all)
        throw failure('usage', {
          problem: `ps:${verb} needs an app or --all, one of them`,
          usage: `ps:${verb} (<app>|--all)`,
        })
      await withOne(verb, context, args.app, actor)
      return 0
    },
  })

export const psCommands: readonly Command[] = [
  command('rebuild', 'Builds and deploys the deploy branch again.'),
  command('restart', 'Puts new containers in the place of those that run, without a gap.'),
  scale,
  command('start', 'Starts a stopped app.'),
  command('stop', 'Stops an app; it stays stopped until ps:start or a deploy.'),
]
