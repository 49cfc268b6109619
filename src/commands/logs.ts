// logs: what an app's containers print, up to now or as it comes.
import { failure } from '../core/errors.ts'
import { quoted } from './arguments.ts'
import { app, type Command, declare, flag, valued } from './command.ts'

const LINES = 100
const MOST_LINES = 100_000

function parseLines(text: string): number {
  const lines = /^\d{1,6}$/.test(text) ? Number(text) : -1
  if (lines >= 0 && lines <= MOST_LINES) return lines
  throw failure('value-invalid', {
    what: 'number of lines',
    value: quoted(text),
    rule: `a whole number from 0 to ${MOST_LINES}`,
  })
}

function parseProcess(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.[1-9]\d{0,2})?$/.test(text)) return text
  throw failure('value-invalid', {
    what: 'process',
    value: quoted(text),
    rule: 'a process type such as web, or one of its containers such as web.1',
  })
}

export const logsCommands: readonly Command[] = [
  declare({
    name: 'logs',
    summary: 'Prints the last lines that the containers of an app wrote.',
    arguments: [app],
    options: {
      num: valued(
        'lines',
        `How many lines of each container; ${LINES} unless said otherwise.`,
        parseLines,
        'n',
      ),
      ps: valued('process', 'Only this process type, or this container such as web.1.', parseProcess, 'p'),
      tail: flag('Goes on with what comes, until you leave.', 't'),
    },
    access: 'any',
    async handler({ context, session, args, options, write }) {
      const found = context.store.apps.get(args.app)
      if (found.live === null) throw failure('app-not-deployed', { app: found.name })
      const { num: lines = LINES, ps, tail: follow = false } = options
      await context.deployer.logs(found.name, { follow, lines, process: ps }, write, session.signal)
    },
  }),
]
