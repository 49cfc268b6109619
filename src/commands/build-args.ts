// build-args:*: build arguments (docker build --build-arg) of an app. They hold from the next build on.
import { parseConfigKey } from '../core/app.ts'
import { app, type Command, declare, many, text } from './command.ts'
import { parseAssignments } from './config-values.ts'
import { format, json, pairs } from './format.ts'

const list = declare({
  name: 'build-args:list',
  summary: 'Lists the build arguments of an app.',
  arguments: [app],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const values = context.store.buildArgs.all(args.app)
    if (options.format === 'json') return await write(json(values))
    await write(`=====> ${args.app} build arguments\n${pairs(values)}`)
  },
})

const set = declare({
  name: 'build-args:set',
  summary: 'Sets build arguments, for the next build.',
  arguments: [app, many('KEY=value', 'Build arguments and their values.', text)],
  options: {},
  access: 'any',
  async handler({ context, args, report }) {
    const { name } = context.store.apps.get(args.app)
    const values = parseAssignments(args['KEY=value'], false)
    context.store.buildArgs.change(name, values)
    for (const key of Object.keys(values)) report.step(`Setting build argument ${key}`)
  },
})

const unset = declare({
  name: 'build-args:unset',
  summary: 'Removes build arguments, for the next build.',
  arguments: [app, many('KEY', 'Names of build arguments.', parseConfigKey)],
  options: {},
  access: 'any',
  async handler({ context, args, report }) {
    context.store.buildArgs.change(args.app, {}, args.KEY)
    for (const key of args.KEY) report.step(`Unsetting build argument ${key}`)
  },
})

export const buildArgsCommands: readonly Command[] = [list, set, unset]
