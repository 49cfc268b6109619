// config:*: the environment of an app. A change brings up a new release with it.
import { parseConfigKey } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { app, type Command, declare, flag, many, one, text, valued } from './command.ts'
import { changeConfig } from './config-change.ts'
import { parseAssignments, parseImported } from './config-values.ts'
import { format, json, oneOf, pairs } from './format.ts'
import { shellQuote } from './shell-quote.ts'
import { readInput } from './stdin.ts'

const MOST_INPUT = 2 ** 20

const noRestart = flag('The app takes it over with its next release, not now.')

const show = declare({
  name: 'config:show',
  aliases: ['config'],
  summary: 'Shows the config vars of an app with their values.',
  arguments: [app],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const values = context.store.config.all(args.app)
    if (options.format === 'json') return await write(json(values))
    await write(`=====> ${args.app} env vars\n${pairs(values)}`)
  },
})

const get = declare({
  name: 'config:get',
  summary: 'Prints the value of a config var.',
  arguments: [app, one('KEY', 'Name of the variable.', parseConfigKey)],
  options: {},
  access: 'any',
  async handler({ context, args, write }) {
    const values = new Map(Object.entries(context.store.config.all(args.app)))
    const value = values.get(args.KEY)
    if (value === undefined)
      throw failure('not-found', {
        what: 'config var',
        name: `${args.KEY} of ${args.app}`,
        hint: `config:keys ${args.app} shows those there are`,
      })
    await write(`${value}\n`)
  },
})

const set = declare({
  name: 'config:set',
  summary: 'Sets config vars and restarts the app with them.',
  arguments: [app, many('KEY=value', 'Variables and their values.', text)],
  options: { encoded: flag('Values are base64.'), 'no-restart': noRestart },
  access: 'any',
  async handler(call) {
    const { args, options, context } = call
    const { name } = context.store.apps.get(args.app)
    const values = parseAssignments(args['KEY=value'], options.encoded === true)
    await changeConfig(call, name, { set: values }, !options['no-restart'])
  },
})

const unset = declare({
  name: 'config:unset',
  summary: 'Removes config vars and restarts the app without them.',
  arguments: [app, many('KEY', 'Names of variables.', parseConfigKey)],
  options: { 'no-restart': noRestart },
  access: 'any',
  async handler(call) {
    const { args, options, context } = call
    const { name } = context.store.apps.get(args.app)
    await changeConfig(call, name, { unset: [...new Set(args.KEY)] }, !options['no-restart'])
  },
})

const importing = declare({
  name: 'config:import',
  summary: 'Sets the config vars that stdin has, whatever their values hold, and restarts the app with them.',
  arguments: [app],
  options: {
    format: valued('format', 'env (KEY=value lines, the default) or json.', oneOf('format', 'env', 'json')),
    'no-restart': noRestart,
  },
  access: 'any',
  async handler(call) {
    const { args, options, context, session } = call
    const { name } = context.store.apps.get(args.app)
    const input = await readInput(session.stdin, { signal: session.signal, limit: MOST_INPUT })
    const values = parseImported(input, options.format ?? 'env')
    await changeConfig(call, name, { set: values }, !options['no-restart'])
  },
})

const keys = declare({
  name: 'config:keys',
  summary: 'Lists the names of the config vars.',
  arguments: [app],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const names = Object.keys(context.store.config.all(args.app))
    await write(options.format === 'json' ? json(names) : names.map((name) => `${name}\n`).join(''))
  },
})

type ExportFormat = 'exports' | 'shell' | 'json' | 'keys'

/** The whole configuration as text, with its last line feed; nothing for an empty one but in JSON. */
export function exportConfig(values: Readonly<Record<string, string>>, as: ExportFormat): string {
  if (as === 'json') return json(values)
  const names = Object.keys(values)
  if (as === 'keys') return names.map((name) => `${name}\n`).join('')
  const assignments = Object.entries(values).map(([key, value]) => `${key}=${shellQuote(value)}`)
  if (as === 'shell') return assignments.length === 0 ? '' : `${assignments.join(' ')}\n`
  return assignments.map((assignment) => `export ${assignment}\n`).join('')
}

const exporting = declare({
  name: 'config:export',
  summary: 'Prints the config vars for a shell to evaluate, or as JSON.',
  arguments: [app],
  options: {
    format: valued(
      'format',
      "exports (export KEY='value' lines, the default), shell (one line), json or keys.",
      oneOf('format', 'exports', 'shell', 'json', 'keys'),
    ),
  },
  access: 'any',
  async handler({ context, args, options, write }) {
    await write(exportConfig(context.store.config.all(args.app), options.format ?? 'exports'))
  },
})

export const configCommands: readonly Command[] = [exporting, get, importing, keys, set, show, unset]
